/** Imports a file: reads and plans it, and writes it unless it has errors or the import is a dry run. */

import type { SpooledBody } from '../../platform/contract/bodies/spool';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import {
  countsOf,
  findExceeded,
  growthOf,
  type Lane,
  QuotaExceeded,
  type UserScope,
} from '../../platform/database/lane';
import { findProfile } from '../profile/repository';
import { collect, type FileRow, type ImportFile, locate, type ReadRow } from './file';
import { createNotes, type Note } from './notes';
import { planImport } from './plan';
import { type Written, writeImport } from './write';

/** Reads the rows of a file of one format. */
export type RowReader = (file: SpooledBody) => AsyncIterable<ReadRow | 'ignored'>;

function count(rows: readonly FileRow[], action: FileRow['action']): number {
  return rows.reduce((sum, row) => (row.action === action ? sum + 1 : sum), 0);
}

/** The result of an import. */
export interface Imported {
  readonly file: ImportFile;
  readonly counts: { readonly created: number; readonly skipped: number; readonly errors: number };
  /** Null for a dry run or a file with errors. */
  readonly written: Written | null;
}

/** Checks the quotas. @throws QuotaExceeded if the lane would have more rows or bytes than its quotas allow */
async function requireRoom(lane: Lane, { rows }: ImportFile): Promise<void> {
  // About as large as the row that is written and the change that is recorded.
  const changes = rows.flatMap(({ type, action, note }) =>
    type === 'file' || action !== 'create'
      ? []
      : [{ type, action: 'created', bytes: note?.length ?? 0, frees: false } as const],
  );
  const exceeded = findExceeded(countsOf(await findProfile(lane)), growthOf(changes), lane.quotas);
  if (exceeded) throw new QuotaExceeded(exceeded);
}

/** Imports a file. Nothing is written if it has errors, or for a dry run. */
export async function importFile(
  scope: UserScope,
  body: SpooledBody,
  { readRows, dryRun }: { readonly readRows: RowReader; readonly dryRun: boolean },
): Promise<Imported> {
  const file = await collect(readRows(body), createNotes(body.file));
  await scope.read(async (lane) => {
    await planImport(lane, file);
    await requireRoom(lane, file);
  });
  const errors = count(file.rows, 'error');
  const written = dryRun || errors > 0 ? null : await writeImport(scope, file);
  const counts = { created: count(file.rows, 'create'), skipped: count(file.rows, 'skip'), errors };
  return { file, counts, written };
}

// The maximum number of rows in a page of a report, and of bytes of the notes in it.
const pageSize = 100;
const pageBytes = 1024 * 1024;

/** The maximum number of rows and of errors in a report. */
export const maxReportRows = 1_000;
export const maxReportErrors = 100;

const errorNote = ({ links, note }: FileRow): Note | undefined => (links === undefined ? note : undefined);

function* pagesOf(rows: readonly FileRow[]): Generator<FileRow[]> {
  let [page, bytes]: [FileRow[], number] = [[], 0];
  for (const row of rows) {
    page.push(row);
    bytes += errorNote(row)?.length ?? 0;
    if (page.length === pageSize || bytes >= pageBytes) {
      yield page;
      [page, bytes] = [[], 0];
    }
  }
  yield page;
}

/** The rows of a report, page by page, with at most `maxErrors` errors in total. */
async function* toReportRows(
  notes: ImportFile['notes'],
  rows: readonly FileRow[],
  maxErrors: number,
): AsyncGenerator<Schemas['ImportRow'][]> {
  let left = maxErrors;
  for (const page of pagesOf(rows)) {
    const noted = await notes.read<ValidationError[]>(page.flatMap((row) => errorNote(row) ?? []));
    const next = noted.values();
    yield page.map((each) => {
      const { row, line, type, action, id, errors: planned = [] } = each;
      const read = errorNote(each) ? (next.next().value ?? []) : [];
      const errors = locate(each, [...read, ...planned].slice(0, left));
      left -= errors.length;
      return { row, line, type, action, id, errors };
    });
  }
}

/** The first rows with errors, until they have at least `most` errors together. */
function rowsWithErrors(rows: readonly FileRow[], most: number): FileRow[] {
  const found: FileRow[] = [];
  let errors = 0;
  for (const row of rows) {
    if (errors >= most) break;
    if (row.errorCount === 0) continue;
    found.push(row);
    errors += row.errorCount;
  }
  return found;
}

/** The number of errors in a file. */
export function countErrors({ rows }: ImportFile): number {
  return rows.reduce((sum, { errorCount }) => sum + errorCount, 0);
}

/**
 * The report of an import, in the order of the file. For a large file, it has only the first rows with errors (until
 * `maxReportErrors` is reached) and the first rows without errors.
 */
export function reportOf(file: ImportFile) {
  const { rows, notes } = file;
  const withErrors = rowsWithErrors(rows, maxReportErrors);
  const listed = new Set(withErrors);
  for (const row of rows) {
    if (listed.size >= maxReportRows) break;
    if (row.errorCount === 0) listed.add(row);
  }
  return {
    rows: toReportRows(
      notes,
      rows.filter((row) => listed.has(row)),
      maxReportErrors,
    ),
    rows_omitted: rows.length - listed.size,
    errors_omitted: Math.max(0, countErrors(file) - maxReportErrors),
  };
}

/** The first errors of a file, at most `most`. */
export async function firstErrors({ rows, notes }: ImportFile, most: number): Promise<ValidationError[]> {
  const found: ValidationError[] = [];
  const pages = toReportRows(notes, rowsWithErrors(rows, most), most);
  for await (const page of pages) for (const { errors } of page) found.push(...errors);
  return found;
}
