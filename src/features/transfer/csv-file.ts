/** Tasks as CSV (RFC 4180) as the rows of an import. */
import { type CsvError, parse } from 'csv-parse';
import { maxItemBytes } from '../../platform/contract/bodies/json-items';
import type { SpooledBody } from '../../platform/contract/bodies/spool';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { createCheck } from '../../platform/contract/validation/rows';
import type { ImportedProject } from '../projects/repository';
import { readTask } from '../tasks/import';
import { csvColumns, unguardCell } from './csv';
import { faultOfFile, idOfProject, idsFor, type ReadRow, tooLargeFault } from './file';

const check = createCheck('TaskImport');

const lineBreak = 0x0a;
const carriageReturn = 0x0d;

/** Counts the lines of bytes that come in pieces, forwards; pieces that it has been through are let go. */
function createLineCounter() {
  let pieces: Buffer[] = [];
  // Where the first piece begins, where the next byte to look at is in it, and the line that that is in.
  let [start, at, line] = [0, 0, 1];
  return {
    add(piece: Buffer) {
      pieces.push(piece);
    },
    /** The line on which what follows `offset` begins; what follows must be there. Empty lines are passed over. */
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

// As many as one row is told of, with as much of their names.
const maxColumns = 100;
const maxName = 100;

function faultsOfHeader(columns: readonly string[]): ValidationError[] {
  const faults = columns.slice(0, maxColumns).flatMap((column, index): ValidationError[] => {
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
      return [{ pointer, code: 'duplicate', detail: 'must not be there twice' }];
    return [];
  });
  if (!columns.includes('title'))
    faults.push({ pointer: '/0/title', code: 'required', detail: 'is required' });
  return faults;
}

// More than a task has of anything, empty ones included.
const maxListed = 1_000;

/** The parts of a cell; of one with too many it is left to the schema to say so. */
function listOf(cell: string): string[] {
  const parts = cell.split(',', maxListed);
  if (parts.length === maxListed) return parts;
  return parts.map((each) => each.trim()).filter((each) => each !== '');
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

interface ParsedRecord {
  readonly record: string[];
  /** Where it ends in the file, in bytes. */
  readonly end: number;
}

/**
 * The records of a file; a broken one ends them and is returned. The parser is not piped: it would lose the records before
 * that one, or go on behind it and take quadratic time for what it finds there.
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

/** Reads a file; the first record that is broken ends it, for what follows can't be told apart. */
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
  // Where the record before ends.
  let end = 0;
  // Those that there are rows for.
  const projects = new Set<string>();
  const place = () => ({
    ...{ row, line: lines.after(end), type: 'task' as const },
    ...{ within: '/body', index: row, id: null },
  });

  const records = recordsOf(pieces());
  let next = await records.next();
  for (; !next.done; next = await records.next()) {
    const { record } = next.value;
    row++;
    if (columns) yield* readRecord(columns, record, place(), idOf, projects);
    else {
      columns = record.map((cell) => cell.trim());
      const { line } = place();
      const faults = faultsOfHeader(columns);
      for (const fault of faults) yield faultOfFile(line, fault);
      if (faults.length > 0) return;
    }
    end = next.value.end;
  }
  row++;
  if (next.value) yield { ...place(), read: [brokenRecord(next.value, columns)] };
  else if (!columns) yield faultOfFile(1, { pointer: '/0', code: 'required', detail: 'is required' });
}

function brokenRecord(error: CsvError, columns: readonly string[] | undefined): ValidationError {
  if (error.code === 'CSV_MAX_RECORD_SIZE') return tooLargeFault(maxItemBytes);
  const index = typeof error.column === 'number' ? error.column : undefined;
  const column = index === undefined ? error.column : (columns?.[index] ?? index + 1);
  const quote =
    error.code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'has a quote that is not closed'
      : 'has a quote in the wrong place';
  return { pointer: column === undefined ? '' : `/${column}`, code: 'wrong-format', detail: quote };
}

/** The row of a task, after that of its project, where that is new in the file and has a name. */
function* readRecord(
  columns: readonly string[],
  record: readonly string[],
  place: Omit<ReadRow<'task'>, 'read'>,
  idOf: (row: number) => string,
  projects: Set<string>,
): Generator<ReadRow> {
  if (record.length !== columns.length) {
    const detail = `must have ${columns.length} cells like the header, but has ${record.length}`;
    yield { ...place, read: [{ pointer: '', code: 'wrong-format', detail }] };
    return;
  }
  const fields = toFields(columns, record);
  const faults = check(fields);
  if (faults.length > 0) {
    const hasId = fields.id !== undefined && !faults.some(({ pointer }) => pointer === '/id');
    yield { ...place, id: hasId ? (fields.id as string) : null, read: faults };
    return;
  }
  const id = (fields.id as string | undefined) ?? idOf(place.row);
  const { project, ...task } = fields as Schemas['TaskImport'];
  const name = project?.trim();
  const project_id = task.project_id ?? (name === undefined ? undefined : idOfProject(name));
  if (name !== undefined && project_id !== undefined && !projects.has(project_id)) {
    projects.add(project_id);
    yield { ...place, type: 'project', id: project_id, read: newProject(project_id, name) };
  }
  const placed = project_id === undefined ? task : { ...task, project_id };
  yield { ...place, id, read: readTask({ ...placed, id }, { isTrashed: false }) };
}

function newProject(id: string, name: string): ImportedProject {
  return { id, name, color: null, archived: false, position: undefined, created_at: undefined };
}
