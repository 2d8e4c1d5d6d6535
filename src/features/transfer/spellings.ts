/** Other spellings of fields in imported tasks: `completed` for the status, and `due_at` for the due date. */
import type { ReadWarning } from '../../domain/foreign/warning';
import { timeIn, todayIn, toInstant } from '../../domain/time/calendar';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import type { ReadContext } from './file';

/** A task whose other spellings are read. */
interface Spelled {
  readonly task: Schemas['TaskImport'];
  readonly errors: ValidationError[];
  readonly warnings: ReadWarning[];
}

function contradiction(field: string, detail: string): ValidationError {
  return { pointer: `/${field}`, code: 'contradiction', detail };
}

/** The status of a task: `completed` and `completed_at` give it, if there is none. */
function statusOf({ status, completed, completed_at }: Schemas['TaskImport']): Schemas['TaskStatus'] {
  if (status != null) return status;
  return completed === true || (completed == null && completed_at != null) ? 'completed' : 'pending';
}

type Due = Pick<Schemas['TaskImport'], 'due_date' | 'due_time' | 'time_zone'>;

/** The due date that an instant gives in a time zone. */
function dueOf(due_at: string, time_zone: string): Due {
  const instant = new Date(due_at);
  return {
    due_date: todayIn(time_zone, instant),
    due_time: timeIn(time_zone, instant).slice(0, 5),
    time_zone,
  };
}

/** The warning of a `due_at` beside a due date; undefined if it is the same instant. */
function otherDue(due_at: string, { due_date, due_time, time_zone }: Due): ReadWarning | undefined {
  const isFull = due_date != null && due_time != null && time_zone != null;
  const instant = isFull ? toInstant(due_date, due_time, time_zone).getTime() : undefined;
  if (instant === new Date(due_at).getTime()) return undefined;
  const detail = 'is left out, because `due_date`, `due_time` and `time_zone` give another due date';
  return { field: 'due_at', found: due_at, used: null, detail };
}

/** Reads the other spellings of a task that the schema accepts. Errors have pointers into the task. */
export function readSpellings(task: Schemas['TaskImport'], { timeZone }: ReadContext): Spelled {
  const { completed, due_at } = task;
  const status = statusOf(task);
  const isContradiction = completed != null && completed !== (status === 'completed');
  const errors = isContradiction ? [contradiction('completed', 'must agree with `status`')] : [];
  if (due_at == null) return { task: { ...task, status }, errors, warnings: [] };
  if (task.due_date != null) {
    const warning = otherDue(due_at, task);
    return { task: { ...task, status }, errors, warnings: warning ? [warning] : [] };
  }
  const due = dueOf(due_at, task.time_zone ?? timeZone);
  const used = `${due.due_date} ${due.due_time} ${due.time_zone}`;
  return {
    task: { ...task, status, ...due },
    errors,
    warnings: [{ field: 'due_at', found: due_at, used, detail: 'gives the due date' }],
  };
}
