/**
 * Runs the official conformance suite against `/mcp`. Most scenarios expect certain tools, resources and prompts, which only the
 * fixture has (`conformance-fixture.test.ts`); the files `conformance-*.yaml` name them.
 */
import { projectPath } from '../../../src/platform/paths';
import { type Conformance, startConformance } from '../../support/conformance';

let conformance: Conformance;
beforeAll(async () => {
  conformance = await startConformance();
});
afterAll(() => conformance.stop());

test.each(['2026-07-28', '2025-11-25'])(
  'passes what the revision %s requires and needs no fixture',
  async (revision) => {
    const expected = projectPath(`test/features/mcp/conformance-${revision}.yaml`);
    const report = await conformance.check(revision, expected);
    for (const scenario of ['tools-list', 'resources-list', 'prompts-list', 'dns-rebinding-protection']) {
      expect(report).toContain(`✓ ${scenario}: `);
    }
  },
);
