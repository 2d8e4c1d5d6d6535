/** What the user does with tasks: each action shows at once, and can be taken back. */
import type {
  LiveLane,
  Profile,
  ProfilePatch,
  Project,
  Task,
  TaskCreate,
  TaskMove,
  TaskPatch,
} from './tasklane';
import { type Reversible, remember, type Step, takeBack } from './undo';

export interface Actions {
  create(body: TaskCreate): Task;
  /** Changes tasks, all in the same way or each in its own. `label` is what was done, in the past tense. */
  update(tasks: readonly Task[], body: TaskPatch | ((task: Task) => TaskPatch), label: string): Step;
  complete(tasks: readonly Task[]): Step;
  reopen(tasks: readonly Task[]): Step;
  move(task: Task, body: TaskMove, label?: string): Step;
  delete(tasks: readonly Task[]): Step;
  restore(task: Task): Step;
  createProject(name: string): { readonly id: string; readonly step: Step };
  restoreProject(project: Project): Step;
  changeSettings(body: ProfilePatch): Step;
  /** Takes back a step; without one, the last. Resolves to undefined if there is none. */
  undo(step?: Step): Promise<Step | undefined>;
}

/** `“Water the plants”`, or `3 tasks`. */
export const nameOf = (tasks: readonly Pick<Task, 'title'>[]): string => {
  const [first] = tasks;
  if (tasks.length !== 1 || !first) return `${tasks.length} tasks`;
  return `“${first.title.length > 40 ? `${first.title.slice(0, 39)}…` : first.title}”`;
};

// Fields that the service changes together.
const dates = [
  'start_date',
  'start_time',
  'due_date',
  'due_time',
  'time_zone',
  'rrule',
  'repeat_from',
  'reminders',
] as const;
const linked: readonly (readonly string[])[] = [dates, ['parent_id', 'project_id']];

/** The values before a change, of all fields that it can change. */
function before(task: Task, body: TaskPatch): TaskPatch {
  const given = Object.keys(body);
  const names = new Set(given);
  for (const group of linked)
    if (group.some((name) => names.has(name))) for (const name of group) names.add(name);
  // Without a due date and a rule, these have no meaning, and the service refuses them.
  if (task.rrule === null) names.delete('repeat_from');
  if (task.parent_id !== null) names.delete('project_id');
  return Object.fromEntries([...names].map((name) => [name, task[name as keyof Task]])) as TaskPatch;
}

/** The place of a task among all tasks, for going back to it. */
function placeOf(lane: LiveLane, task: Task): TaskMove {
  const all = lane.tasks.list({ sort: 'position', include_archived: true });
  const index = all.findIndex(({ id }) => id === task.id);
  const after = all[index - 1]?.id;
  const next = all[index + 1]?.id;
  const anchor = after !== undefined ? { after } : next !== undefined ? { before: next } : {};
  return {
    ...anchor,
    parent_id: task.parent_id,
    ...(task.parent_id === null && { project_id: task.project_id }),
  };
}

export function createActions(lane: LiveLane): Actions {
  const live = lane.tasks;
  const step = (label: string, done: readonly Reversible[]): Step => {
    const made = { label, done };
    if (done.length > 0) remember(made);
    return made;
  };
  return {
    create(body) {
      const write = live.create(body);
      const task = live.get(write.id) as Task;
      step(`Added ${nameOf([task])}`, [{ write, inverse: () => live.delete(write.id) }]);
      return task;
    },
    update: (tasks, body, label) =>
      step(
        label,
        tasks.map((task) => {
          const patch = typeof body === 'function' ? body(task) : body;
          const former = before(task, patch);
          return { write: live.update(task.id, patch), inverse: () => live.update(task.id, former) };
        }),
      ),
    complete: (tasks) =>
      step(
        `Completed ${nameOf(tasks)}`,
        tasks
          .filter(({ completed }) => !completed)
          .map((task) => {
            const occurrence = task.rrule && task.due_date ? { occurrence: task.due_date } : {};
            const inverse = () => {
              live.reopen(task.id, occurrence);
              // A reopened task is pending.
              if (task.status !== 'pending') live.update(task.id, { status: task.status });
            };
            return { write: live.complete(task.id), inverse };
          }),
      ),
    reopen: (tasks) =>
      step(
        `Reopened ${nameOf(tasks)}`,
        tasks.map((task) => ({
          write: live.reopen(task.id),
          inverse: () => live.complete(task.id, task.completed_at ? { completed_at: task.completed_at } : {}),
        })),
      ),
    move(task, body, label = `Moved ${nameOf([task])}`) {
      const former = placeOf(lane, task);
      return step(label, [{ write: live.move(task.id, body), inverse: () => live.move(task.id, former) }]);
    },
    delete: (tasks) =>
      step(
        `Deleted ${nameOf(tasks)}`,
        tasks.map(({ id }) => ({ write: live.delete(id), inverse: () => live.restore(id) })),
      ),
    restore: (task) =>
      step(`Restored ${nameOf([task])}`, [
        { write: live.restore(task.id), inverse: () => live.delete(task.id) },
      ]),
    createProject(name) {
      const write = lane.projects.create({ name });
      const inverse = () => lane.projects.delete(write.id, { tasks: 'move' });
      return { id: write.id, step: step(`Added the project “${name}”`, [{ write, inverse }]) };
    },
    restoreProject: ({ id, name }) =>
      step(`Restored the project “${name}”`, [
        { write: lane.projects.restore(id), inverse: () => lane.projects.delete(id, { tasks: 'delete' }) },
      ]),
    changeSettings(body) {
      const profile = lane.profile.get();
      const former = Object.fromEntries(
        Object.keys(body).map((name) => [name, profile?.[name as keyof Profile]]),
      ) as ProfilePatch;
      return step('Changed the settings', [
        { write: lane.profile.update(body), inverse: () => lane.profile.update(former) },
      ]);
    },
    undo: takeBack,
  };
}
