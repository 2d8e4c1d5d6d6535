/** Other spellings of fields in imported tasks: `completed` for the status, `due_at` and `start_at` for dates. */
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

type Kind = 'due' | 'start';
type Dates = Partial<
  Pick<Schemas['TaskImport'], 'due_date' | 'due_time' | 'start_date' | 'start_time' | 'time_zone'>
>;

/** The date and time that an instant gives in a time zone. */
function datesOf(kind: Kind, instant: Date, time_zone: string): Dates {
  const time = timeIn(time_zone, instant).slice(0, 5);
  return { [`${kind}_date`]: todayIn(time_zone, instant), [`${kind}_time`]: time, time_zone };
}

/** True if a task's date and time are this instant. */
function isInstant(
  date: string,
  time: string | null | undefined,
  zone: string | null | undefined,
  instant: Date,
) {
  return time != null && zone != null && toInstant(date, time, zone).getTime() === instant.getTime();
}

/** The dates that `due_at` or `start_at` gives, and the warning of what becomes of it. */
function readInstant(
  kind: Kind,
  task: Schemas['TaskImport'],
  { timeZone }: ReadContext,
): { readonly dates: Dates; readonly warnings: ReadWarning[] } {
  const field = `${kind}_at` as const;
  const found = task[field];
  if (found == null) return { dates: {}, warnings: [] };
  const [instant, date] = [new Date(found), task[`${kind}_date`]];
  if (date == null) {
    const zone = task.time_zone ?? timeZone;
    const dates = datesOf(kind, instant, zone);
    const used = `${dates[`${kind}_date`]} ${dates[`${kind}_time`]} ${zone}`;
    const detail = `gives the ${kind === 'due' ? 'due date' : 'start'}`;
    return { dates, warnings: [{ field, found, used, detail }] };
  }
  if (isInstant(date, task[`${kind}_time`], task.time_zone, instant)) return { dates: {}, warnings: [] };
  const detail = `is left out, because \`${kind}_date\`, \`${kind}_time\` and \`time_zone\` give another time`;
  return { dates: {}, warnings: [{ field, found, used: null, detail }] };
}

/** Reads the other spellings of a task that the schema accepts. Errors have pointers into the task. */
export function readSpellings(task: Schemas['TaskImport'], context: ReadContext): Spelled {
  const { completed } = task;
  const status = statusOf(task);
  const isContradiction = completed != null && completed !== (status === 'completed');
  const errors = isContradiction ? [contradiction('completed', 'must agree with `status`')] : [];
  const [due, start] = [readInstant('due', task, context), readInstant('start', task, context)];
  return {
    task: { ...task, status, ...due.dates, ...start.dates },
    errors,
    warnings: [...due.warnings, ...start.warnings],
  };
}
