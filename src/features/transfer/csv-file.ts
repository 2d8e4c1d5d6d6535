/** Reads the tasks of a CSV file (RFC 4180) as rows of an import. */
import { type CsvError, parse } from 'csv-parse';
import { maxItemBytes } from '../../platform/contract/bodies/json-items';
import type { SpooledBody } from '../../platform/contract/bodies/spool';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { createCheck } from '../../platform/contract/validation/rows';
import type { ImportedProject } from '../projects/repository';
import { readTask } from '../tasks/import';
import { csvColumns, unguardCell } from './csv';
import { fileError, idOfProject, idsFor, type ReadRow, tooLargeError } from './file';

const check = createCheck('TaskImport');

const lineBreak = 0x0a;
const carriageReturn = 0x0d;

/**
 * Counts the lines of a file that arrives in pieces. It only goes forwards and releases the pieces that it has
 * counted.
 */
function createLineCounter() {
  let pieces: Buffer[] = [];
  // The offset of the first piece, the index of the next byte in it, and the line of this byte.
  let [start, at, line] = [0, 0, 1];
  return {
    add(piece: Buffer) {
      pieces.push(piece);
    },
    /** The line of the first byte from `offset` on that is not in an empty line. The counter must already have that byte. */
    after(offset: number): number {
      for (;;) {
        const [piece] = pieces;
        if (!piece) return line;
        for (; at < piece.length; at++) {
          const byte = piece[at];
          if (start + at >= offset && byte !== lineBreak && byte !== carriageReturn) return line;
          if (byte === lineBreak) line++;
        }
        start += piece.length;
        at = 0;
        pieces = pieces.slice(1);
      }
    },
  };
}

// Errors of the header name at most this many columns, with at most this many characters of each name.
const maxColumns = 100;
const maxName = 100;

function headerErrors(columns: readonly string[]): ValidationError[] {
  const errors = columns.slice(0, maxColumns).flatMap((column, index): ValidationError[] => {
    const pointer = `/0/${column.slice(0, maxName)}`;
    if (!(csvColumns as readonly string[]).includes(column))
      return [
        {
          pointer,
          code: 'unknown',
          detail: `is not a known column; the columns are ${csvColumns.join(', ')}`,
        },
      ];
    if (columns.indexOf(column) < index)
      return [{ pointer, code: 'duplicate', detail: 'must not be a second column with this name' }];
    return [];
  });
  if (!columns.includes('title'))
    errors.push({ pointer: '/0/title', code: 'required', detail: 'is required' });
  return errors;
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

/** The fields of a task from the cells of a record. Empty cells are left out. */
function toFields(columns: readonly string[], record: readonly string[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [index, column] of columns.entries()) {
    const cell = unguardCell(record[index] ?? '');
    if (cell === '') continue;
    if (column === 'tags' || column === 'excluded_dates') fields[column] = listOf(cell);
    else if (column === 'reminders') fields[column] = listOf(cell).map(toReminder);
    else fields[column] = cell;
  }
  return fields;
}

interface ParsedRecord {
  readonly record: string[];
  /** The offset in the file where the record ends, in bytes. */
  readonly end: number;
}

/**
 * The records of a file, up to the first invalid record, whose error is returned. The parser is not piped: it would
 * lose the records before the invalid one, or continue after it and need quadratic time.
 */
async function* recordsOf(
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<ParsedRecord, CsvError | undefined, undefined> {
  let found: ParsedRecord[] = [];
  let broken: CsvError | undefined;
  const parser = parse({
    max_record_size: maxItemBytes,
    relax_column_count: true,
    skip_empty_lines: true,
    on_record: (record: string[], { bytes }) => {
      found.push({ record, end: bytes });
      return null;
    },
  });
  parser.on('error', (error) => {
    broken = error as CsvError;
  });
  const step = (work: (done: () => void) => void) => new Promise<void>(work);
  for await (const piece of pieces) {
    await step((done) => parser.write(piece, () => done()));
    yield* found;
    found = [];
    if (broken) return broken;
  }
  await step((done) => {
    parser.once('close', done);
    parser.resume().end();
  });
  yield* found;
  return broken;
}

/** Reads a file up to the first invalid record. The records after it cannot be separated reliably. */
export async function* readCsv(file: Pick<SpooledBody, 'pieces' | 'sha256'>): AsyncGenerator<ReadRow> {
  const idOf = idsFor(file.sha256);
  const lines = createLineCounter();
  let columns: string[] | undefined;

  async function* pieces(): AsyncGenerator<Buffer> {
    for await (const piece of file.pieces()) {
      lines.add(piece);
      yield piece;
    }
  }
  // The header is row 0.
  let row = -1;
  // The offset where the previous record ends.
  let end = 0;
  // The ids of the projects that already have a row.
  const projects = new Set<string>();
  const location = () => ({
    ...{ row, line: lines.after(end), type: 'task' as const },
    ...{ within: '/body', index: row, id: null },
  });

  const records = recordsOf(pieces());
  let next = await records.next();
  for (; !next.done; next = await records.next()) {
    const { record } = next.value;
    row++;
    if (columns) yield* readRecord(columns, record, location(), idOf, projects);
    else {
      columns = record.map((cell) => cell.trim());
      const { line } = location();
      const errors = headerErrors(columns);
      for (const error of errors) yield fileError(line, error);
      if (errors.length > 0) return;
    }
    end = next.value.end;
  }
  row++;
  if (next.value) yield { ...location(), read: [brokenRecord(next.value, columns)] };
  else if (!columns) yield fileError(1, { pointer: '/0', code: 'required', detail: 'is required' });
}

function brokenRecord(error: CsvError, columns: readonly string[] | undefined): ValidationError {
  if (error.code === 'CSV_MAX_RECORD_SIZE') return tooLargeError(maxItemBytes);
  const index = typeof error.column === 'number' ? error.column : undefined;
  const column = index === undefined ? error.column : (columns?.[index] ?? index + 1);
  const quote =
    error.code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'has a quote that is not closed'
      : 'has a quote in the wrong location';
  return { pointer: column === undefined ? '' : `/${column}`, code: 'wrong-format', detail: quote };
}

/** The row of a task. If its project has a name and is new in the file, the row of the project comes first. */
function* readRecord(
  columns: readonly string[],
  record: readonly string[],
  location: Omit<ReadRow<'task'>, 'read'>,
  idOf: (row: number) => string,
  projects: Set<string>,
): Generator<ReadRow> {
  if (record.length !== columns.length) {
    const detail = `must have ${columns.length} cells like the header, but has ${record.length}`;
    yield { ...location, read: [{ pointer: '', code: 'wrong-format', detail }] };
    return;
  }
  const fields = toFields(columns, record);
  const errors = check(fields);
  if (errors.length > 0) {
    const hasId = fields.id !== undefined && !errors.some(({ pointer }) => pointer === '/id');
    yield { ...location, id: hasId ? (fields.id as string) : null, read: errors };
    return;
  }
  const id = (fields.id as string | undefined) ?? idOf(location.row);
  const { project, ...task } = fields as Schemas['TaskImport'];
  const name = project?.trim();
  const project_id = task.project_id ?? (name === undefined ? undefined : idOfProject(name));
  if (name !== undefined && project_id !== undefined && !projects.has(project_id)) {
    projects.add(project_id);
    yield { ...location, type: 'project', id: project_id, read: newProject(project_id, name) };
  }
  const withProject = project_id === undefined ? task : { ...task, project_id };
  yield { ...location, id, read: readTask({ ...withProject, id }, { isTrashed: false }) };
}

function newProject(id: string, name: string): ImportedProject {
  return { id, name, color: null, archived: false, position: undefined, created_at: undefined };
}
