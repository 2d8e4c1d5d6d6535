/**
 * The fields of a task. Code that treats every field in the same way uses this table: the columns that lists read, the
 * columns of CSV files, and imports.
 */
import type { TaskLink, TaskRow } from '../../platform/database/rows';

/**
 * How the value of a field is set, and where it is shown.
 * - `plain`: its user sets it, and no other field depends on it.
 * - `ruled`: its user sets it, and `commands.ts` and `import.ts` apply a rule to it.
 * - `derived`: the service computes it from the fields that its user sets.
 * - `kept`: the service sets it.
 * - `computed`: it is not a column.
 * - `unshown`: the contract does not have the field, but lists read its column.
 * - `sorting`: the contract does not have the field. Its column is for sorting, searching, jobs or the trash.
 */
type Part = 'plain' | 'ruled' | 'derived' | 'kept' | 'computed' | 'unshown' | 'sorting';

// In the order of the contract. The type requires every column except the lane, and `search`, which is as large as the texts
// that it indexes.
const parts = {
  id: 'kept',
  user_id: 'computed',
  project_id: 'ruled',
  parent_id: 'ruled',
  title: 'ruled',
  description: 'plain',
  status: 'plain',
  priority: 'ruled',
  completed: 'computed',
  completed_at: 'kept',
  tags: 'plain',
  due_date: 'ruled',
  due_time: 'ruled',
  time_zone: 'ruled',
  due_at: 'derived',
  start_date: 'ruled',
  start_time: 'ruled',
  start_at: 'derived',
  rrule: 'ruled',
  repeat_from: 'ruled',
  recurrence_start: 'derived',
  recurrence_start_time: 'derived',
  recurrence_due: 'derived',
  excluded_dates: 'ruled',
  reminders: 'ruled',
  position: 'kept',
  version: 'kept',
  created_at: 'kept',
  updated_at: 'kept',
  links: 'ruled',
  completion_count: 'unshown',
  status_rank: 'sorting',
  priority_rank: 'sorting',
  deleted_at: 'sorting',
  deleted_with: 'sorting',
  overdue_at: 'sorting',
  overdue_told: 'sorting',
  due_local: 'sorting',
  start_local: 'sorting',
  search_version: 'sorting',
} as const satisfies Record<Exclude<keyof TaskRow, 'lane_id' | 'search'> | 'user_id' | 'completed', Part>;

type Field = keyof typeof parts;
type FieldOf<P extends Part> = { [F in Field]: (typeof parts)[F] extends P ? F : never }[Field];

const fields = Object.keys(parts) as Field[];

function fieldsOf<P extends Part>(...wanted: P[]): FieldOf<P>[] {
  return fields.filter((field) => (wanted as Part[]).includes(parts[field])) as FieldOf<P>[];
}

/** The fields of a task that its user sets, and the fields that are derived from them. */
export type TaskFields = Pick<TaskRow, FieldOf<'plain' | 'ruled' | 'derived' | 'unshown'>>;

/** The values of the fields that a new task leaves out. A title is required, and the profile has the default priority. */
export const absentFields: Readonly<Omit<TaskFields, 'title' | 'priority'>> = {
  project_id: null,
  parent_id: null,
  description: null,
  status: 'pending',
  tags: [],
  due_date: null,
  due_time: null,
  time_zone: null,
  due_at: null,
  start_date: null,
  start_time: null,
  start_at: null,
  rrule: null,
  repeat_from: 'schedule',
  recurrence_start: null,
  recurrence_start_time: null,
  recurrence_due: null,
  excluded_dates: [],
  completion_count: 0,
  reminders: [],
  links: [],
};

/** All columns except the lane and `search`. */
export const taskColumns = fieldsOf('kept', 'plain', 'ruled', 'derived', 'unshown', 'sorting');

/** The columns that lists return. */
export const listedColumns = fieldsOf('kept', 'plain', 'ruled', 'derived', 'unshown');

/** The columns of a task that lists return. */
export type ListedTask = Pick<TaskRow, (typeof listedColumns)[number]>;

/** The fields that the contract shows, in its order. */
export const shownFields = fieldsOf('kept', 'plain', 'ruled', 'derived', 'computed');

/** The fields that users set. */
export const settableFields = fieldsOf('plain', 'ruled');
/**
 * The fields that clients see and cannot set. `completed` is another spelling of `status`, and `completed_at` can be given
 * with it.
 */
export const readOnlyFields = [...fieldsOf('kept', 'derived'), 'user_id' as const].filter(
  (field) => field !== 'completed_at',
);

/** Links in the form of the database. */
export function readLinks(
  links: readonly { readonly url: string; readonly title?: string | null | undefined }[],
): TaskLink[] {
  return links.map(({ url, title }) => ({ url, title: title?.trim() || null }));
}

const copiedFields = fieldsOf('plain', 'ruled', 'derived', 'unshown');

/** The fields of a task that its copy has too. */
export function copiedFieldsOf(task: TaskFields): TaskFields {
  return Object.fromEntries(copiedFields.map((field) => [field, task[field]])) as unknown as TaskFields;
}

const plainFields = fieldsOf('plain');

type PlainFields = Pick<TaskFields, (typeof plainFields)[number]>;

/** The fields without a rule of a task whose fields may be null or absent. */
export function plainFieldsOf(
  task: { readonly [F in keyof PlainFields]?: PlainFields[F] | null | undefined },
) {
  return Object.fromEntries(
    plainFields.map((field) => [field, task[field] ?? absentFields[field]]),
  ) as unknown as PlainFields;
}
