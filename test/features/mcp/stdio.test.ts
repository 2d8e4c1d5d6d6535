/** The MCP server on standard input and output. */
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { projectPath } from '../../../src/platform/paths';
import { tokenOf, useTestService } from '../../support/service';

const service = useTestService();

test('serves the same tools over HTTP requests to a service', async () => {
  const client = new Client({ name: 'tests', version: '1' }, { capabilities: { elicitation: {} } });
  client.setRequestHandler('elicitation/create', async () => ({
    action: 'accept',
    content: { agree: true },
  }));
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [projectPath('bin/tasklane.js'), 'mcp'],
      env: {
        PATH: process.env.PATH as string,
        TASKLANE_URL: service.url,
        TASKLANE_TOKEN: await tokenOf('ada'),
      },
    }) as never,
  );
  try {
    expect((await client.listTools()).tools).toHaveLength(20);
    const call = async (name: string, args: Record<string, unknown>) =>
      client.callTool({ name, arguments: args });
    const added = await call('add_tasks', { tasks: [{ title: 'Water the plants', tags: ['two words'] }] });
    expect(added.isError).toBeFalsy();
    const found = await call('find_tasks', { tags_all: ['Two Words'], priority: ['medium', 'high'] });
    expect(found.structuredContent).toMatchObject({ total: 1, tasks: [{ title: 'Water the plants' }] });
    const wrong = await call('find_tasks', { due_from: 'tomorrow' });
    expect(wrong).toMatchObject({
      isError: true,
      content: [{ text: 'due_from: must be a calendar date such as 2027-01-31' }],
    });
    // A connection has a session, so that the server can ask the user in each revision.
    const more = await call('add_tasks', { tasks: [{ title: 'One' }, { title: 'Two' }] });
    const { tasks, request } = more.structuredContent as { tasks: { id: string }[]; request: string };
    expect(request).toMatch(/^[0-9a-f-]{36}$/);
    const deleted = await call('delete_tasks', { ids: tasks.map(({ id }) => id) });
    expect(deleted.content).toMatchObject([{ text: expect.stringContaining('2 of 2 tasks') }]);
  } finally {
    await client.close();
  }
});
