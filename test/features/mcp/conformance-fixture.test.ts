/** Runs the official conformance suite against a fixture server in the place of Tasklane's, in the same service. */
import { projectPath } from '../../../src/platform/paths';
import { type Conformance, startConformance } from '../../support/conformance';

jest.mock('../../../src/features/mcp/server', () => ({
  createMcpServer: jest.requireActual('../../support/mcp-fixture').createFixtureServer,
}));

let conformance: Conformance;
beforeAll(async () => {
  conformance = await startConformance();
});
afterAll(() => conformance.stop());

test.each(['2026-07-28', '2025-11-25'])('passes what the revision %s requires', async (revision) => {
  const expected = projectPath(`test/features/mcp/conformance-fixture-${revision}.yaml`);
  const report = await conformance.check(revision, expected);
  expect(report).toContain('✓ tools-call-simple-text: ');
});
