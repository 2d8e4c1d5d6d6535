/** Reads the tasks of a CSV file (RFC 4180) as rows of an import. */
import type { CsvError } from 'csv-parse';
import type { DayOrder } from '../../domain/foreign/sheet';
import { maxItemBytes } from '../../platform/contract/bodies/json-items';
import type { SpooledBody } from '../../platform/contract/bodies/spool';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import { createCheck } from '../../platform/contract/validation/rows';
import type { ImportedProject } from '../projects/import';
import { readTask } from '../tasks/import';
import { csvColumns } from './csv';
import { needsOrder, readCells, shownOrder } from './csv-cells';
import { recordsOf } from './csv-records';
import {
  fileError,
  fileWarnings,
  idOfProject,
  idsFor,
  type ReadContext,
  type ReadRow,
  tooLargeError,
} from './file';
import { createPace } from './pace';
import { csvProductOf, isPreamble, type NumberedRecord, toColumn } from './product-csv';
import { readSpellings } from './spellings';

const check = createCheck('TaskImport');

// Errors of the header name at most this many columns, with at most this many characters of each name.
const maxColumns = 100;
const maxName = 100;

function headerErrors(header: readonly string[], columns: readonly string[]): ValidationError[] {
  const errors = columns.slice(0, maxColumns).flatMap((column, index): ValidationError[] => {
    const pointer = `/0/${header[index]?.trim().slice(0, maxName)}`;
    // A column without a name must be empty.
    if (column === '') return [];
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

// The service sets these fields of every task.
const keptColumns = ['user_id', 'version', 'updated_at'];

/** A row that says which columns are left out. */
function* leftOut(columns: readonly string[], line: number): Generator<ReadRow> {
  const kept = keptColumns.filter((column) => columns.includes(column));
  if (kept.length === 0) return;
  const detail = 'is left out, because the service sets it';
  yield fileWarnings(
    line,
    kept.map((field) => ({ field, found: null, used: null, detail })),
  );
}

/** The order of days and months in the dates of a file. */
async function findOrder(file: Pick<SpooledBody, 'pieces'>, columns: readonly string[]): Promise<DayOrder> {
  const pace = createPace();
  for await (const { cells } of recordsOf(() => file.pieces())) {
    const order = shownOrder(columns, cells);
    if (order !== undefined) return order;
    await pace();
  }
  return undefined;
}

/** Reads a file up to the first invalid record. The records after it cannot be separated reliably. */
export async function* readCsv(
  file: Pick<SpooledBody, 'pieces' | 'sha256'>,
  { timeZone }: ReadContext,
): AsyncGenerator<ReadRow | 'ignored'> {
  const idOf = idsFor(file.sha256);
  let columns: string[] | undefined;
  let order: Promise<DayOrder> | undefined;
  // The header is row 0.
  let row = -1;
  // The ids of the projects that already have a row.
  const projects = new Set<string>();
  const locationOf = (line: number) => ({
    ...{ row, line, type: 'task' as const },
    ...{ within: '/body', index: row, id: null },
  });

  const records = recordsOf(() => file.pieces());
  let next = await records.next();

  async function* following(): AsyncGenerator<NumberedRecord> {
    for (next = await records.next(); !next.done; next = await records.next())
      yield { ...next.value, row: ++row };
  }

  for (; !next.done; next = await records.next()) {
    const { cells, line } = next.value;
    if (!columns && isPreamble(cells)) continue;
    row++;
    if (columns) {
      if (needsOrder(columns, cells)) order ??= findOrder(file, columns);
      const context = { timeZone, order: await order, idOf, projects };
      yield* readRecord(columns, cells, locationOf(line), context);
    } else {
      columns = cells.map(toColumn);
      const readProduct = csvProductOf(columns);
      if (readProduct) {
        yield* readProduct(following(), { file, columns, context: { timeZone, now: new Date() } });
        break;
      }
      const errors = headerErrors(cells, columns);
      for (const error of errors) yield fileError(line, error);
      if (errors.length > 0) return;
      yield* leftOut(columns, line);
    }
  }
  row++;
  if (next.done && next.value) {
    const { error, line } = next.value;
    yield { ...locationOf(line), read: [brokenRecord(error, columns)] };
  } else if (!columns) yield fileError(1, { pointer: '/0', code: 'required', detail: 'is required' });
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

/** The error of a record with values in columns without a name. Spreadsheets add and leave out empty cells at the end. */
function surplusErrors(columns: readonly string[], cells: readonly string[]): ValidationError[] {
  const index = cells.findIndex((cell, at) => (columns[at] ?? '') === '' && cell.trim() !== '');
  if (index === -1) return [];
  const detail = `must have no value in column ${index + 1}, which has no name in the header`;
  return [{ pointer: '', code: 'wrong-format', detail }];
}

interface RecordContext extends ReadContext {
  readonly order: DayOrder;
  readonly idOf: (row: number) => string;
  readonly projects: Set<string>;
}

/** The row of a task. If its project has a name and is new in the file, the row of the project comes first. */
function* readRecord(
  columns: readonly string[],
  cells: readonly string[],
  location: Omit<ReadRow<'task'>, 'read'>,
  { order, timeZone, idOf, projects }: RecordContext,
): Generator<ReadRow> {
  const surplus = surplusErrors(columns, cells);
  if (surplus.length > 0) {
    yield { ...location, read: surplus };
    return;
  }
  const { fields, errors: unread, warnings } = readCells(columns, cells, { order, timeZone });
  const found = [...unread, ...check(fields)];
  const spelled = found.length > 0 ? undefined : readSpellings(fields as Schemas['TaskImport'], { timeZone });
  const errors = [...found, ...(spelled?.errors ?? [])];
  if (!spelled || errors.length > 0) {
    const hasId = fields.id !== undefined && !errors.some(({ pointer }) => pointer === '/id');
    yield { ...location, id: hasId ? (fields.id as string) : null, read: errors, warnings };
    return;
  }
  const { project, ...task } = spelled.task;
  const id = task.id ?? idOf(location.row);
  const name = project?.trim();
  const project_id = task.project_id ?? (name === undefined ? undefined : idOfProject(name));
  if (name !== undefined && project_id !== undefined && !projects.has(project_id)) {
    projects.add(project_id);
    yield { ...location, type: 'project', id: project_id, read: newProject(project_id, name) };
  }
  const withProject = project_id === undefined ? task : { ...task, project_id };
  yield {
    ...location,
    id,
    read: readTask({ ...withProject, id }, { isTrashed: false }),
    warnings: [...warnings, ...spelled.warnings],
  };
}

function newProject(id: string, name: string): ImportedProject {
  const absent = { color: undefined, archived: undefined, position: undefined, created_at: undefined };
  return { id, name, ...absent, deleted_at: null };
}
