/** Reads the CSV files of other products, which are recognised by their header. */
import { createHash } from 'node:crypto';
import type { ForeignContext } from '../../domain/foreign/foreign-task';
import {
  type Cells,
  isTickTickHeader,
  isTickTickPreamble,
  readTickTickTask,
} from '../../domain/foreign/products/ticktick';
import {
  isTodoistHeader,
  type OpenTodoistTask,
  readTodoistTask,
} from '../../domain/foreign/products/todoist';
import type { SpooledBody } from '../../platform/contract/bodies/spool';
import { type CsvRecord, recordsOf } from './csv-records';
import { idsFor, maxRows, type ReadRow } from './file';
import { createPace } from './pace';
import { createProductRows, type ProductLocation } from './product-rows';

/** A record with the number of its row. */
export type NumberedRecord = CsvRecord & { readonly row: number };

interface ProductFile {
  readonly file: Pick<SpooledBody, 'pieces' | 'sha256'>;
  readonly columns: readonly string[];
  readonly context: ForeignContext;
}

/** Reads the records after the header. */
export type CsvProductReader = (
  records: AsyncIterable<NumberedRecord>,
  file: ProductFile,
) => AsyncGenerator<ReadRow | 'ignored'>;

/** The name of a column: `Due Date` is `due_date`. */
export function toColumn(cell: string): string {
  return cell.trim().toLowerCase().replaceAll(/[ -]/g, '_');
}

/** The reader of a file with this header; undefined if it is of no known product. */
export function csvProductOf(columns: readonly string[]): CsvProductReader | undefined {
  if (isTodoistHeader(columns)) return readTodoist;
  return isTickTickHeader(columns) ? readTickTick : undefined;
}

/** True for a record before the header of a known product. */
export const isPreamble = isTickTickPreamble;

function cellsOf(columns: readonly string[], { cells }: CsvRecord): Cells {
  return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
}

const locationOf = (
  { row, line }: NumberedRecord,
  names: Pick<ProductLocation, 'idField' | 'parentField'>,
) => ({
  ...{ line, within: '/body', index: row },
  ...names,
});

// The indentation of Todoist has four levels.
const maxIndent = 10;

async function* readTodoist(
  records: AsyncIterable<NumberedRecord>,
  { file, columns, context }: ProductFile,
): AsyncGenerator<ReadRow | 'ignored'> {
  const { taskRows } = createProductRows(idsFor(file.sha256));
  const keyOf = (row: number) => `todoist/${file.sha256}/${row}`;
  let section = '';
  let open: { task: OpenTodoistTask; record: NumberedRecord; parentKey: string | undefined } | undefined;
  // The latest task and those above it.
  let line: { readonly indent: number; readonly key: string }[] = [];

  function* close(): Generator<ReadRow> {
    if (!open) return;
    const { task, record, parentKey } = open;
    const location = locationOf(record, { idField: 'row', parentField: 'indent' });
    yield* taskRows(task.finish({ key: keyOf(record.row), parentKey }), record.row, location);
    open = undefined;
  }

  for await (const record of records) {
    const cells = cellsOf(columns, record);
    const type = cells.type?.trim().toLowerCase();
    if (type === 'task') {
      yield* close();
      const indent = Math.min(Math.max(Math.trunc(Number(cells.indent)) || 1, 1), maxIndent);
      line = line.filter((above) => above.indent < indent);
      const parentKey = line.at(-1)?.key;
      line.push({ indent, key: keyOf(record.row) });
      open = { task: readTodoistTask(cells, section, context), record, parentKey };
    } else if (type === 'note' && open) open.task.comment(cells.content ?? '');
    else {
      if (type === 'section') {
        yield* close();
        section = cells.content?.trim() ?? '';
        line = [];
      }
      yield 'ignored';
    }
  }
  yield* close();
}

/**
 * Numbers the tasks of a file that have the same title and time of creation. The numbers that TickTick gives its tasks
 * differ from file to file.
 */
function createKeys() {
  const counts = new Map<string, number>();
  return ({ created_time = '', title = '' }: Cells): string => {
    const name = createHash('sha256').update(`${created_time}\n${title}`).digest('base64url').slice(0, 22);
    const count = (counts.get(name) ?? 0) + 1;
    if (counts.size < maxRows) counts.set(name, count);
    return `ticktick/${name}/${count}`;
  };
}

/** The keys of the tasks of a file by their numbers in the file. */
async function keysByNumber({ file, columns }: ProductFile): Promise<ReadonlyMap<string, string>> {
  const keyOf = createKeys();
  const keys = new Map<string, string>();
  const pace = createPace();
  let isAfterHeader = false;
  for await (const record of recordsOf(() => file.pieces())) {
    await pace();
    if (!isAfterHeader) {
      isAfterHeader = !isPreamble(record.cells);
      continue;
    }
    const cells = cellsOf(columns, record);
    const key = keyOf(cells);
    const number = cells.taskid?.trim() ?? '';
    if (number !== '' && number.length <= 64 && keys.size < maxRows)
      keys.set(Buffer.from(number).toString(), key);
  }
  return keys;
}

async function* readTickTick(
  records: AsyncIterable<NumberedRecord>,
  product: ProductFile,
): AsyncGenerator<ReadRow | 'ignored'> {
  const { file, columns, context } = product;
  const { taskRows } = createProductRows(idsFor(file.sha256));
  const keys = await keysByNumber(product);
  const keyOf = createKeys();
  for await (const record of records) {
    const cells = cellsOf(columns, record);
    const parent = cells.parentid?.trim() ?? '';
    const parentKey =
      parent === '' ? undefined : (keys.get(parent) ?? `ticktick/missing/${parent.slice(0, 64)}`);
    const task = readTickTickTask(cells, { key: keyOf(cells), parentKey }, context);
    yield* taskRows(task, record.row, locationOf(record, { idField: 'taskid', parentField: 'parentid' }));
  }
}
