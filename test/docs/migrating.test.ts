/** Imports the example of docs/migrating.md. */
import { readFileSync } from 'node:fs';
import { createTasklane } from '../../sdk/src/index';
import { projectPath } from '../../src/platform/paths';
import { tokenOf, useTestService } from '../support/service';

const service = useTestService();

test('the rows of an old table become tasks', async () => {
  const page = readFileSync(projectPath('docs', 'migrating.md'), 'utf8');
  const csv = /```csv\n(.*?)```/s.exec(page)?.[1] as string;
  const lane = createTasklane({ baseUrl: service.url, token: await tokenOf('ada') }).lane('ada');
  expect(await lane.transfer.importCsv(csv, { dry_run: true })).toMatchObject({ errors: 0 });
  await lane.transfer.importCsv(csv);
  expect((await lane.tasks.list({ sort: 'created_at' })).items).toMatchObject([
    {
      title: 'Water the plants',
      status: 'pending',
      priority: 'high',
      due_date: '2099-01-31',
      created_at: '2026-01-02T08:00:00.000Z',
    },
    { title: 'Pay the rent', status: 'completed', priority: 'medium', description: null },
  ]);
});
