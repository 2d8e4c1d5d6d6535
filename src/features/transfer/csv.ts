/** Tasks as CSV (RFC 4180): how a field is written into a cell and read from it. */
import { stringify } from 'csv-stringify/sync';
import type { Schemas } from '../../platform/contract/document/operations';
import { shownFields } from '../tasks/fields';

/** A task in a CSV export. It includes the name of its project, because the file has no rows for projects. */
export type CsvTask = Schemas['Task'] & { readonly project: string | null };

/** The columns of an export: the names of a task's fields, in the order of the contract. */
export const csvColumns: readonly (keyof CsvTask)[] = shownFields.flatMap((field) =>
  field === 'project_id' ? [field, 'project' as const] : [field],
);

// Text that spreadsheets run as a formula, also after apostrophes that already guard it.
const runs = /^'*[=+\-@＝＋－＠\t\r\n]/;

/** Puts an apostrophe before text that a spreadsheet would run as a formula (OWASP, CSV injection). */
export function guardCell(text: string): string {
  return runs.test(text) ? `'${text}` : text;
}

/** Removes the apostrophe that `guardCell` adds. */
export function unguardCell(text: string): string {
  return text.startsWith("'") && runs.test(text) ? text.slice(1) : text;
}

type Reminder = CsvTask['reminders'][number];

/** A reminder as text: an instant, minutes before the due date, or days before it with a time such as `1d 18:00`. */
function reminderText({ at, minutes_before_due, days_before_due, time }: Reminder): string {
  return at ?? (minutes_before_due === null ? `${days_before_due}d ${time}` : String(minutes_before_due));
}

type Link = CsvTask['links'][number];

/** Links as text: one link on each line, its address before its title. */
function linksText(links: readonly Link[]): string {
  return links.map(({ url, title }) => (title === null ? url : `${url} ${title}`)).join('\n');
}

/** The links of a cell, see `linksText`. */
export function linksOf(cell: string): Link[] {
  const lines = cell.split(/[\r\n]+/).map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const end = line.search(/\s/);
      return end < 0
        ? { url: line, title: null }
        : { url: line.slice(0, end), title: line.slice(end).trim() };
    });
}

function toCell(value: CsvTask[Exclude<keyof CsvTask, 'links'>]): string {
  if (value === null) return '';
  if (!Array.isArray(value)) return guardCell(String(value));
  return guardCell(value.map((each) => (typeof each === 'string' ? each : reminderText(each))).join(', '));
}

function toRecords(rows: readonly (readonly string[])[]): string {
  // Without `quoted_match`, the library does not quote line breaks other than the delimiter.
  return stringify(rows as string[][], { record_delimiter: 'windows', quoted_match: /[\r\n]/ });
}

/** The text of a CSV file: the header, then the records of each page. */
export async function* csvOf(pages: AsyncIterable<readonly CsvTask[]>): AsyncGenerator<string> {
  yield toRecords([csvColumns]);
  for await (const page of pages) {
    yield toRecords(
      page.map((task) =>
        csvColumns.map((column) =>
          column === 'links' ? guardCell(linksText(task.links)) : toCell(task[column]),
        ),
      ),
    );
  }
}
