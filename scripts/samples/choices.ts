/** What the contract does not say about its samples. */

/** Query parameters that a sample has besides the required ones, with the values of the contract's examples. */
export const queries: Readonly<Record<string, readonly string[]>> = {
  listTasks: ['view', 'sort', 'limit'],
  listOccurrences: ['limit'],
  listCompletions: ['completed_after'],
  listTrash: ['limit'],
  listActivity: ['type', 'limit'],
  listWebhookDeliveries: ['state'],
  getStats: ['from', 'until'],
  syncLane: ['limit'],
  importLane: ['dry_run'],
  importCsv: ['dry_run'],
  importCalendar: ['dry_run'],
};

/** The names of files that operations take and give. */
export const files: Readonly<Record<string, string>> = {
  'application/json': 'tasklane.json',
  'text/csv': 'tasks.csv',
  'text/calendar': 'tasks.ics',
};

/** Options of curl for answers that do not end. */
export const curlOptions: Readonly<Record<string, readonly string[]>> = { streamEvents: ['--no-buffer'] };

/** The calls of methods that the SDK implements by hand. */
export const handwritten: Readonly<Record<string, string>> = {
  syncLane: `for await (const page of lane.sync()) {
  console.log(page.changes.length, page.next_token);
}`,
  streamEvents: `for await (const event of lane.events()) {
  if (event.event === 'change') console.log(event.data.type, event.data.action);
}`,
};

/** The components that read with hooks of `@tasklane/sdk/react`: the hook with its arguments, and what is shown. */
export const hooks: Readonly<
  Record<string, { readonly name: string; readonly hook: string; readonly shown: string }>
> = {
  listTasks: {
    name: 'tasks',
    hook: "useTasks({ view: 'today', sort: 'due' })",
    shown: '<ul>{tasks?.map((task) => <li key={task.id}>{task.title}</li>)}</ul>',
  },
  getTask: { name: 'task', hook: 'useTask(<task_id>)', shown: '<p>{task?.title}</p>' },
  listProjects: {
    name: 'projects',
    hook: 'useProjects()',
    shown: '<ul>{projects?.map((project) => <li key={project.id}>{project.name}</li>)}</ul>',
  },
  listTags: {
    name: 'tags',
    hook: 'useTags()',
    shown: '<ul>{tags?.map((tag) => <li key={tag.id}>{tag.name}</li>)}</ul>',
  },
  getStats: { name: 'stats', hook: 'useStats()', shown: '<p>{stats?.overdue} overdue</p>' },
};

/** The writes of `useTaskActions`. */
export const taskActions = ['create', 'update', 'complete', 'reopen', 'skip', 'move', 'delete', 'restore'];

/** The other writes of a lane that works offline, by group. */
export const laneWrites: Readonly<Record<string, readonly string[]>> = {
  projects: ['create', 'update', 'move', 'delete', 'restore'],
  tags: ['update', 'delete'],
  profile: ['update'],
};
