/** Reads the cells of a CSV file as fields of a task. */
import {
  type DayOrder,
  isAmbiguous,
  orderOf,
  readSheetDate,
  readSheetTime,
} from '../../domain/foreign/sheet';
import type { ReadWarning } from '../../domain/foreign/warning';
import { isDate, toInstant } from '../../domain/time/calendar';
import type { ValidationError } from '../../platform/contract/document/operations';
import { linksOf, unguardCell } from './csv';

/** The fields of a task from a record. Cells that cannot be converted stay text, which the schema refuses. */
export interface ReadCells {
  readonly fields: Record<string, unknown>;
  readonly errors: ValidationError[];
  readonly warnings: ReadWarning[];
}

/** What cells are read with. */
interface CellContext {
  /** The order of dates with slashes. */
  readonly order: DayOrder;
  readonly timeZone: string;
}

const dateColumns: ReadonlySet<string> = new Set([
  ...['due_date', 'start_date', 'recurrence_start', 'recurrence_due'],
  ...['due_at', 'start_at', 'completed_at', 'created_at'],
]);

/** The cells of a record that can have dates with slashes. */
function datesIn(columns: readonly string[], cells: readonly string[]): string[] {
  return columns.flatMap((column, index) => (dateColumns.has(column) ? [cells[index]?.trim() ?? ''] : []));
}

/** True if a date of the record can be read only if the order of days and months is known. */
export function needsOrder(columns: readonly string[], cells: readonly string[]): boolean {
  return datesIn(columns, cells).some(isAmbiguous);
}

/** The order of days and months that the dates of a record show. */
export function shownOrder(columns: readonly string[], cells: readonly string[]): DayOrder {
  return datesIn(columns, cells)
    .map(orderOf)
    .find((order) => order !== undefined);
}

// More items than any list of a task may have, empty items included.
const maxListed = 1_000;

/** The items of a cell. If there are too many, the schema reports that. */
function listOf(cell: string): string[] {
  const parts = cell.split(',', maxListed);
  if (parts.length === maxListed) return parts;
  return parts.map((each) => each.trim()).filter((each) => each !== '');
}

function toReminder(text: string): object {
  const [, days, time] = /^(\d{1,2})d (\d\d:\d\d)$/.exec(text) ?? [];
  if (days !== undefined) return { days_before_due: Number(days), time };
  return /^\d+$/.test(text) ? { minutes_before_due: Number(text) } : { at: text };
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'x', '1'].map((word) => [word, true] as const),
  ...['false', 'no', '0'].map((word) => [word, false] as const),
]);

const isTimestamp = (cell: string) => /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/i.test(cell);

/** Creates the conversions of one record. */
function createConversions({ order, timeZone }: CellContext) {
  const errors: ValidationError[] = [];
  const warnings: ReadWarning[] = [];
  const warn = (field: string, found: string, used: string, detail = 'is in the form of a spreadsheet') =>
    warnings.push({ field, found, used, detail });

  /** A date of a spreadsheet; undefined if the cell has none, and null if it has an error. */
  function sheetDate(field: string, cell: string) {
    if (order !== undefined || !isAmbiguous(cell)) return readSheetDate(cell, order);
    const detail = 'must show whether the day or the month comes first; write a date such as 2027-01-31';
    errors.push({ pointer: `/${field}`, code: 'wrong-format', detail });
    return null;
  }

  /** A date, and the time of the same cell, which spreadsheets allow. */
  function dateAndTime(field: 'due' | 'start', cell: string): Record<string, unknown> {
    const [dateField, timeField] = [`${field}_date`, `${field}_time`];
    const read = isDate(cell) ? undefined : sheetDate(dateField, cell);
    if (read === undefined) return { [dateField]: cell };
    if (read === null) return {};
    // Spreadsheets add midnight to dates.
    const time = read.time === null || read.time === '00:00:00' ? null : read.time.slice(0, 5);
    warn(dateField, cell, time === null ? read.date : `${read.date} ${time}`);
    return { [dateField]: read.date, ...(time !== null && { [timeField]: time }) };
  }

  function date(field: string, cell: string): unknown {
    const read = isDate(cell) ? undefined : sheetDate(field, cell);
    if (!read) return read === null ? undefined : cell;
    warn(field, cell, read.date);
    return read.date;
  }

  function time(field: string, cell: string): string {
    const read = /^\d\d:\d\d$/.test(cell) ? undefined : readSheetTime(cell)?.slice(0, 5);
    if (read === undefined) return cell;
    warn(field, cell, read);
    return read;
  }

  function timestamp(field: string, cell: string): unknown {
    const read = isTimestamp(cell) ? undefined : sheetDate(field, cell);
    if (!read) return read === null ? undefined : cell;
    const { date, time } = read;
    const seconds = Number(time?.slice(6) ?? 0);
    const instant = toInstant(date, time?.slice(0, 5) ?? '00:00', timeZone).getTime() + seconds * 1_000;
    const used = new Date(instant).toISOString();
    warn(field, cell, used, `is in the form of a spreadsheet, and is read in the time zone ${timeZone}`);
    return used;
  }

  return { errors, warnings, dateAndTime, date, time, timestamp };
}

type Conversions = ReturnType<typeof createConversions>;

const lowered = (cell: string) => cell.trim().toLowerCase().replaceAll(/[ -]/g, '_');

const conversions: Readonly<Record<string, (cell: string, by: Conversions, column: string) => unknown>> = {
  tags: (cell) => listOf(cell),
  excluded_dates: (cell) => listOf(cell),
  reminders: (cell) => listOf(cell).map(toReminder),
  links: linksOf,
  completed: (cell) => booleans.get(lowered(cell)) ?? cell,
  status: lowered,
  priority: lowered,
  repeat_from: lowered,
  id: (cell) => cell.trim().toLowerCase(),
  project_id: (cell) => cell.trim().toLowerCase(),
  parent_id: (cell) => cell.trim().toLowerCase(),
  rrule: (cell) => cell.trim().toUpperCase(),
  due_time: (cell, by, column) => by.time(column, cell.trim()),
  start_time: (cell, by, column) => by.time(column, cell.trim()),
  recurrence_start_time: (cell, by, column) => by.time(column, cell.trim()),
  recurrence_start: (cell, by, column) => by.date(column, cell.trim()),
  recurrence_due: (cell, by, column) => by.date(column, cell.trim()),
  start_at: (cell, by, column) => by.timestamp(column, cell.trim()),
  due_at: (cell, by, column) => by.timestamp(column, cell.trim()),
  completed_at: (cell, by, column) => by.timestamp(column, cell.trim()),
  created_at: (cell, by, column) => by.timestamp(column, cell.trim()),
};

/** The fields of a task from the cells of a record. Empty cells are left out. */
export function readCells(
  columns: readonly string[],
  cells: readonly string[],
  context: CellContext,
): ReadCells {
  const by = createConversions(context);
  const fields: Record<string, unknown> = {};
  for (const [index, column] of columns.entries()) {
    const cell = unguardCell(cells[index] ?? '');
    if (cell === '' || column === '') continue;
    if (column === 'due_date' || column === 'start_date') {
      const read = by.dateAndTime(column === 'due_date' ? 'due' : 'start', cell.trim());
      Object.assign(fields, { ...read, ...fields });
    } else {
      const value = conversions[column] ? conversions[column](cell, by, column) : cell;
      if (value !== undefined) fields[column] = value;
    }
  }
  return { fields, errors: by.errors, warnings: by.warnings };
}
