/** Imports a file: reads and plans it, and writes it unless it has errors or the import is a dry run. */

import type { ReadWarning } from '../../domain/foreign/warning';
import type { SpooledBody } from '../../platform/contract/bodies/spool';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import {
  type CountedChange,
  countsOf,
  findExceeded,
  growthOf,
  type Lane,
  QuotaExceeded,
  type UserScope,
} from '../../platform/database/lane';
import { findProfile, findTimeZone } from '../profile/repository';
import {
  collect,
  type FileRow,
  type ImportFile,
  locate,
  maxKeptWarnings,
  type ReadContext,
  type ReadRow,
  shortenWarning,
} from './file';
import { createNotes, type Note } from './notes';
import { planImport } from './plan';
import { type Written, writeImport } from './write';

/** Reads the rows of a file of one format. */
export type RowReader = (file: SpooledBody, context: ReadContext) => AsyncIterable<ReadRow | 'ignored'>;

function count(rows: readonly FileRow[], action: FileRow['action']): number {
  const isCounted = (row: FileRow) => row.action === action && (row.type !== 'file' || action === 'error');
  return rows.reduce((sum, row) => (isCounted(row) ? sum + 1 : sum), 0);
}

/** The result of an import. */
export interface Imported {
  readonly file: ImportFile;
  /** The number of rows with each action, and of rows with warnings. */
  readonly counts: Readonly<Record<'created' | 'restored' | 'skipped' | 'errors' | 'warnings', number>>;
  /** True if the errors of the file prevent the import. */
  readonly isRefused: boolean;
  /** Null for a dry run or a refused file. */
  readonly written: Written | null;
}

/** What a row adds to the lane: about as many bytes as the row that is written and the change that is recorded. */
function changeOf({ type, action, links, note }: FileRow): CountedChange[] {
  if (type === 'file' || (action !== 'create' && action !== 'restore')) return [];
  const isDeletedProject = type === 'project' && (links as FileRow<'project'>['links'])?.isDeleted;
  // A project in the trash does not count for the quota of projects.
  const counted = isDeletedProject || type === 'purged_completion' ? 'completion' : type;
  const counts = { type: counted, action: action === 'create' ? 'created' : 'restored' } as const;
  return [{ ...counts, bytes: note?.length ?? 0, frees: false }];
}

/** Checks the quotas. @throws QuotaExceeded if the lane would have more rows or bytes than its quotas allow */
async function requireRoom(lane: Lane, { rows }: ImportFile): Promise<void> {
  const changes = rows.flatMap(changeOf);
  const exceeded = findExceeded(countsOf(await findProfile(lane)), growthOf(changes), lane.quotas);
  if (exceeded) throw new QuotaExceeded(exceeded);
}

/** How a file is imported. */
export interface ImportOptions {
  readonly readRows: RowReader;
  readonly dryRun: boolean;
  /** `fail`: nothing is written if a row has errors. `skip`: the other rows are written. */
  readonly onError: 'fail' | 'skip';
}

/** Imports a file. Nothing is written for a dry run, or if errors prevent it. */
export async function importFile(
  scope: UserScope,
  body: SpooledBody,
  { readRows, dryRun, onError }: ImportOptions,
): Promise<Imported> {
  const timeZone = await scope.read(findTimeZone);
  const file = await collect(readRows(body, { timeZone }), createNotes(body.file));
  await scope.read(async (lane) => {
    await planImport(lane, file);
    await requireRoom(lane, file);
  });
  const { rows } = file;
  const errors = count(rows, 'error');
  // If no row can be read at all, there is nothing else to import.
  const isRefused = errors > 0 && (onError === 'fail' || rows.every(({ type }) => type === 'file'));
  const written = dryRun || isRefused ? null : await writeImport(scope, file);
  const counts = {
    created: count(rows, 'create'),
    restored: count(rows, 'restore'),
    skipped: count(rows, 'skip'),
    errors,
    warnings: rows.reduce((sum, { warningCount }) => (warningCount > 0 ? sum + 1 : sum), 0),
  };
  return { file, counts, isRefused, written };
}

// The maximum number of rows in a page of a report, and of bytes of the notes in it.
const pageSize = 100;
const pageBytes = 1024 * 1024;

/** The maximum number of rows, of errors and of warnings in a report. */
export const maxReportRows = 1_000;
export const maxReportErrors = 100;
export const maxReportWarnings = 500;

const errorNote = ({ links, note }: FileRow): Note | undefined => (links === undefined ? note : undefined);

function* pagesOf(rows: readonly FileRow[]): Generator<FileRow[]> {
  let [page, bytes]: [FileRow[], number] = [[], 0];
  for (const row of rows) {
    page.push(row);
    bytes += (errorNote(row)?.length ?? 0) + (row.warningNote?.length ?? 0);
    if (page.length === pageSize || bytes >= pageBytes) {
      yield page;
      [page, bytes] = [[], 0];
    }
  }
  yield page;
}

/** The stored lists of rows; empty for a row without one. */
async function readLists<V>(
  notes: ImportFile['notes'],
  rows: readonly FileRow[],
  noteOf: (row: FileRow) => Note | undefined,
): Promise<V[][]> {
  const lists = (await notes.read<V[]>(rows.flatMap((row) => noteOf(row) ?? []))).values();
  return rows.map((row) => (noteOf(row) ? (lists.next().value ?? []) : []));
}

/** How many errors and warnings a report may have. */
interface ReportLimits {
  readonly errors: number;
  readonly warnings: number;
}

/** The rows of a report, page by page. */
async function* toReportRows(
  notes: ImportFile['notes'],
  rows: readonly FileRow[],
  limits: ReportLimits,
): AsyncGenerator<Schemas['ImportRow'][]> {
  let { errors: errorsLeft, warnings: warningsLeft } = limits;
  for (const page of pagesOf(rows)) {
    const errorLists = await readLists<ValidationError>(notes, page, errorNote);
    const warningLists = await readLists<ReadWarning>(notes, page, ({ warningNote }) => warningNote);
    yield page.map((each, index) => {
      const { row, line, type, action, id } = each;
      const read = [...(errorLists[index] ?? []), ...(each.errors ?? [])];
      const errors = locate(each, read.slice(0, errorsLeft));
      errorsLeft -= errors.length;
      const warnings = warningsOf(each, warningLists[index] ?? []).slice(0, warningsLeft);
      warningsLeft -= warnings.length;
      return { row, line, type, action, id, errors, warnings };
    });
  }
}

function warningsOf({ warnings = [] }: FileRow, read: readonly ReadWarning[]): ReadWarning[] {
  return [...warnings.map(shortenWarning), ...read].slice(0, maxKeptWarnings);
}

/** The first rows with errors or warnings, until they have at least `most` of them together. */
function firstRows(rows: readonly FileRow[], countOf: (row: FileRow) => number, most: number): FileRow[] {
  const found: FileRow[] = [];
  let sum = 0;
  for (const row of rows) {
    if (sum >= most) break;
    if (countOf(row) === 0) continue;
    found.push(row);
    sum += countOf(row);
  }
  return found;
}

const errorsIn = ({ errorCount }: FileRow) => errorCount;
// Those that are kept; the report counts the others as omitted.
const warningsIn = ({ warningCount }: FileRow) => Math.min(warningCount, maxKeptWarnings);

function sum(rows: readonly FileRow[], countOf: (row: FileRow) => number): number {
  return rows.reduce((total, row) => total + countOf(row), 0);
}

/** The number of errors in a file. */
export function countErrors({ rows }: ImportFile): number {
  return sum(rows, errorsIn);
}

/**
 * The report of an import, in the order of the file. For a large file, it has only the first rows with errors (until
 * `maxReportErrors` is reached), the first rows with warnings (until `maxReportWarnings` is reached), and the first of
 * the other rows.
 */
export function reportOf(file: ImportFile) {
  const { rows, notes } = file;
  const listed = new Set(firstRows(rows, errorsIn, maxReportErrors));
  for (const row of firstRows(rows, warningsIn, maxReportWarnings)) listed.add(row);
  for (const row of rows) {
    if (listed.size >= maxReportRows) break;
    if (row.errorCount === 0 && row.warningCount === 0) listed.add(row);
  }
  const shown = rows.filter((row) => listed.has(row));
  return {
    rows: toReportRows(notes, shown, { errors: maxReportErrors, warnings: maxReportWarnings }),
    rows_omitted: rows.length - listed.size,
    errors_omitted: Math.max(0, countErrors(file) - maxReportErrors),
    warnings_omitted:
      sum(rows, ({ warningCount }) => warningCount) - Math.min(maxReportWarnings, sum(shown, warningsIn)),
  };
}

/** The first errors of a file, at most `most`. */
export async function firstErrors({ rows, notes }: ImportFile, most: number): Promise<ValidationError[]> {
  const found: ValidationError[] = [];
  const pages = toReportRows(notes, firstRows(rows, errorsIn, most), { errors: most, warnings: 0 });
  for await (const page of pages) for (const { errors } of page) found.push(...errors);
  return found;
}
