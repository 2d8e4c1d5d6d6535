/** The MCP server on standard input and output. */
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { projectPath } from '../../../src/platform/paths';
import { tokenOf, useTestService } from '../../support/service';

const service = useTestService();

test('serves the same tools over HTTP requests to a service', async () => {
  const client = new Client({ name: 'tests', version: '1' });
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
    expect((await client.listTools()).tools).toHaveLength(19);
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
  } finally {
    await client.close();
  }
});
