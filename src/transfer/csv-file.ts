/** Tasks as CSV (RFC 4180) as the rows of an import. */
import { Readable } from 'node:stream';
import { type CsvError, type Info, parse } from 'csv-parse';
import type { Schemas, ValidationError } from '../contract/operations';
import { createCheck } from '../contract/rows';
import { readTask } from '../tasks/import';
import { csvColumns, unguardCell } from './csv';
import {
  breathe,
  type FileRow,
  faultOfFile,
  type ImportFile,
  idsFor,
  makeRow,
  maxRows,
  tooManyRows,
} from './file';

const check = createCheck('TaskImport');

const lineBreak = 0x0a;
const carriageReturn = 0x0d;

/** Counts the lines of bytes, forwards. */
function lineCounter(bytes: Buffer): (offset: number) => number {
  let [line, at] = [1, 0];
  return (offset) => {
    for (let next = bytes.indexOf(lineBreak, at); next !== -1 && next < offset; ) {
      line++;
      at = next + 1;
      next = bytes.indexOf(lineBreak, at);
    }
    return line;
  };
}

function faultsOfHeader(columns: readonly string[]): ValidationError[] {
  const faults = columns.flatMap((column, index): ValidationError[] => {
    const pointer = `/0/${column}`;
    if (!(csvColumns as readonly string[]).includes(column))
      return [{ pointer, code: 'unknown', detail: `is no column; there are ${csvColumns.join(', ')}` }];
    if (columns.indexOf(column) < index) return [{ pointer, code: 'duplicate', detail: 'is there twice' }];
    return [];
  });
  if (!columns.includes('title'))
    faults.push({ pointer: '/0/title', code: 'required', detail: 'is required' });
  return faults;
}

function listOf(cell: string): string[] {
  return cell
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function toReminder(text: string): object {
  return /^\d+$/.test(text) ? { minutes_before_due: Number(text) } : { at: text };
}

/** A task's fields from the cells of a record; those that are empty are left out. */
function toFields(columns: readonly string[], record: readonly string[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [index, column] of columns.entries()) {
    const cell = unguardCell(record[index] ?? '');
    if (cell === '') continue;
    if (column === 'tags') fields[column] = listOf(cell);
    else if (column === 'reminders') fields[column] = listOf(cell).map(toReminder);
    else fields[column] = cell;
  }
  return fields;
}

// In pieces, so that no more records wait to be taken than are in one of them.
function* piecesOf(bytes: Buffer): Generator<Buffer> {
  const size = 64 * 1024;
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** Where a record begins, from the end of the one before: empty lines are none. */
function startAfter(bytes: Buffer, offset: number): number {
  let start = offset;
  while (bytes[start] === lineBreak || bytes[start] === carriageReturn) start++;
  return start;
}

interface ParsedRecord {
  readonly record: string[];
  readonly info: Info;
}

/** Reads a file; the first record that is broken ends it, for what follows can't be told apart. */
export async function readCsv(text: string): Promise<ImportFile> {
  const bytes = Buffer.from(text);
  const idOf = idsFor(text);
  const lineAt = lineCounter(bytes);
  const rows: FileRow[] = [];
  let columns: string[] | undefined;
  let line = lineAt(startAfter(bytes, 0));
  let broken: CsvError | undefined;
  const records = Readable.from(piecesOf(bytes)).pipe(
    parse({
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      // Called as it reads, which is ahead of what is taken below.
      on_skip: (error) => {
        broken ??= error;
      },
    }),
  );
  const place = (id: string | null) => {
    const row = rows.length + 1;
    return { row, line, type: 'task' as const, at: `/body/${row}`, id };
  };

  let taken = 0;
  for await (const { record, info } of records as AsyncIterable<ParsedRecord>) {
    if (broken && taken === Number(broken.records)) break;
    taken++;
    if (!columns) {
      columns = record.map((cell) => cell.trim());
      const faults = faultsOfHeader(columns);
      if (faults.length > 0) return { rows: faults.map((fault) => faultOfFile(line, fault)), ignored: 0 };
    } else {
      if (rows.length === maxRows) return { rows: [faultOfFile(line, tooManyRows)], ignored: 0 };
      rows.push(readRecord(columns, record, place(idOf(rows.length + 1))) as FileRow);
      await breathe(rows.length);
    }
    line = lineAt(startAfter(bytes, info.bytes));
  }
  if (broken) rows.push(makeRow(place(null), [brokenRecord(broken, columns)]) as FileRow);
  if (!columns && rows.length === 0) {
    const fault: ValidationError = { pointer: '/0', code: 'required', detail: 'must have a header' };
    return { rows: [faultOfFile(1, fault)], ignored: 0 };
  }
  return { rows, ignored: 0 };
}

function brokenRecord(error: CsvError, columns: readonly string[] | undefined): ValidationError {
  const index = typeof error.column === 'number' ? error.column : undefined;
  const column = index === undefined ? error.column : (columns?.[index] ?? index + 1);
  const at = column === undefined ? '' : `column ${column}: `;
  const quote = error.code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote is not closed' : 'a quote is out of place';
  return { pointer: column === undefined ? '' : `/${column}`, code: 'wrong-format', detail: at + quote };
}

function readRecord(
  columns: readonly string[],
  record: readonly string[],
  place: Pick<FileRow<'task'>, 'row' | 'line' | 'type' | 'at' | 'id'>,
): FileRow<'task'> {
  if (record.length !== columns.length) {
    const detail = `has ${record.length} cells where the header has ${columns.length}`;
    return makeRow(place, [{ pointer: '', code: 'wrong-format', detail }]);
  }
  const fields = toFields(columns, record);
  const faults = check(fields);
  const id = (fields.id as string | undefined) ?? (place.id as string);
  if (faults.length > 0) return makeRow({ ...place, id }, faults);
  return makeRow(
    { ...place, id },
    readTask({ ...(fields as Schemas['TaskImport']), id }, { isTrashed: false }),
  );
}
