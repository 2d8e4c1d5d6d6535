/** What a client can attach to a conversation by its address. The texts are those of the tools. */
import { type McpServer, ResourceNotFoundError, ResourceTemplate } from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import { ToolError } from './problems';
import { findTasks, getDay, getTask } from './read-tools';
import { type Agent, createWorkspace, type Reply, type Workspace } from './workspace';

const mimeType = 'text/plain';

/** Registers the resources: today, a task and a project. */
export function registerResources(server: McpServer, agent: Agent, log: Logger): void {
  async function read(uri: URL, load: (work: Workspace) => Promise<Reply>) {
    try {
      const { text } = await load(createWorkspace(agent));
      return { contents: [{ uri: uri.href, mimeType, text }] };
    } catch (error) {
      if (error instanceof ToolError) throw new ResourceNotFoundError(uri.href, error.message);
      log.error({ err: error }, 'internal error in a resource');
      throw new Error('An internal error happened. It is logged.');
    }
  }
  const byId = (kind: string) => new ResourceTemplate(`tasklane://${kind}/{id}`, { list: undefined });

  server.registerResource(
    'today',
    'tasklane://today',
    { title: 'Today', description: 'Open tasks that are due today or overdue.', mimeType },
    (uri) => read(uri, (work) => getDay(work, {})),
  );
  server.registerResource(
    'task',
    byId('task'),
    { title: 'Task', description: 'A task with all details.', mimeType },
    (uri, { id }) => read(uri, (work) => getTask(work, { id: String(id) })),
  );
  server.registerResource(
    'project',
    byId('project'),
    { title: 'Project', description: 'The open tasks of a project.', mimeType },
    (uri, { id }) => read(uri, (work) => findTasks(work, { project: String(id), limit: 100 })),
  );
}
