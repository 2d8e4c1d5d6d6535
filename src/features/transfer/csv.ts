/** Tasks as CSV (RFC 4180): how a field is written into a cell and read back. */
import { stringify } from 'csv-stringify/sync';
import type { Schemas } from '../../platform/contract/document/operations';

/** A task as an export of CSV has it: with the name of its project, which the file has no row for. */
export type CsvTask = Schemas['Task'] & { readonly project: string | null };

// In the order in which the contract has them, and all of them: the compiler says if one is missing.
const columns: Readonly<Record<keyof CsvTask, true>> = {
  id: true,
  user_id: true,
  project_id: true,
  project: true,
  parent_id: true,
  title: true,
  description: true,
  status: true,
  priority: true,
  completed: true,
  completed_at: true,
  tags: true,
  due_date: true,
  due_time: true,
  time_zone: true,
  due_at: true,
  rrule: true,
  repeat_from: true,
  recurrence_start: true,
  reminders: true,
  position: true,
  version: true,
  created_at: true,
  updated_at: true,
};

/** The columns of an export, by the names of a task's fields. */
export const csvColumns = Object.keys(columns) as (keyof CsvTask)[];

// What makes spreadsheets run a cell, after the apostrophes that already keep it from that.
const runs = /^'*[=+\-@＝＋－＠\t\r\n]/;

/** Text that no spreadsheet takes for a formula (OWASP, CSV injection). */
export function guardCell(text: string): string {
  return runs.test(text) ? `'${text}` : text;
}

/** Text as it was before it was guarded. */
export function unguardCell(text: string): string {
  return text.startsWith("'") && runs.test(text) ? text.slice(1) : text;
}

type Reminder = CsvTask['reminders'][number];

/** An instant, or minutes before the due date. */
function reminderText({ at, minutes_before_due }: Reminder): string {
  return at ?? String(minutes_before_due);
}

function toCell(value: CsvTask[keyof CsvTask]): string {
  if (value === null) return '';
  if (!Array.isArray(value)) return guardCell(String(value));
  return guardCell(value.map((each) => (typeof each === 'string' ? each : reminderText(each))).join(', '));
}

function toRecords(rows: readonly (readonly string[])[]): string {
  // It would leave a line break that is not the delimiter unquoted.
  return stringify(rows as string[][], { record_delimiter: 'windows', quoted_match: /[\r\n]/ });
}

/** The header, then the records of a page of tasks at a time. */
export async function* csvOf(pages: AsyncIterable<readonly CsvTask[]>): AsyncGenerator<string> {
  yield toRecords([csvColumns]);
  for await (const page of pages) {
    yield toRecords(page.map((task) => csvColumns.map((column) => toCell(task[column]))));
  }
}
