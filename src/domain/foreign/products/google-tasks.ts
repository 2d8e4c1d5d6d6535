/** Google Tasks, as Google Takeout exports them: lists with tasks in the shape of the Google Tasks API. */
import {
  createForeignTask,
  type ForeignContext,
  type ForeignTask,
  listOf,
  objectOf,
  projectOf,
  textOf,
} from '../foreign-task';

const keyOf = (id: unknown) => (textOf(id) === '' ? undefined : `google-tasks/${textOf(id)}`);

/**
 * Reads a task of a list.
 * @param list the title of the list
 */
export function readGoogleTask(
  value: unknown,
  list: unknown,
  context: ForeignContext,
): ForeignTask | undefined {
  const item = objectOf(value);
  // A deleted task stays in the list for some time.
  if (item.deleted === true) return undefined;
  const task = createForeignTask(context);
  task.title('title', item.title);
  task.describe(item.notes);
  task.set('status', item.status === 'completed' ? 'completed' : 'pending');
  task.instant('created', 'created_at', item.created);
  task.instant('completed', 'completed_at', item.completed);
  readDates(item, task);
  for (const each of listOf(item.links)) {
    const { link, description } = objectOf(each);
    task.link('links', link, description);
  }
  const assigned = objectOf(item.assignmentInfo);
  task.link('assignmentInfo', assigned.linkToTask, assigned.surfaceType);
  return task.finish({ key: keyOf(item.id), parentKey: keyOf(item.parent), project: projectOf(list) }, list);
}

function readDates(
  item: Readonly<Record<string, unknown>>,
  task: ReturnType<typeof createForeignTask>,
): void {
  // The time of `due` is always midnight in UTC, whatever the time zone of the user is.
  const [date] = /^\d{4}-\d\d-\d\d/.exec(textOf(item.due)) ?? [];
  // Newer exports have the dates for which a task is planned, with a time.
  const scheduled = listOf(item.scheduled_time).map(objectOf);
  const current = scheduled.find(({ current }) => current === true) ?? scheduled.at(-1);
  const [planned] = /^\d{4}-\d\d-\d\d/.exec(textOf(current?.start)) ?? [];
  if (date !== undefined) task.set('due_date', date);
  else if (planned !== undefined) task.set('due_date', planned);
  else if (item.due !== undefined && item.due !== null) task.warn('due', item.due, null, 'is not a date');
}
