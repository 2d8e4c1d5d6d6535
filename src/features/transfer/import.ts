/** Importing a file: read, planned, and unless it is only tried or has faults, written. */

import type { SpooledBody } from '../../platform/contract/bodies/spool';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import {
  countsOf,
  findExceeded,
  type Lane,
  QuotaExceeded,
  type UserScope,
} from '../../platform/database/lane';
import { findProfile } from '../profile/repository';
import { readCalendar } from './calendar-file';
import { readCsv } from './csv-file';
import { collect, type FileRow, type ImportFile, locate, type ReadRow } from './file';
import { readJson } from './json-file';
import { createNotes, type Note } from './notes';
import { planImport } from './plan';
import { type Written, writeImport } from './write';

/** A file of one of the media types that the contract has for it. */
export interface Source {
  readonly type: string;
  readonly body: SpooledBody;
}

function readRows({ type, body }: Source): AsyncIterable<ReadRow | 'ignored'> {
  if (type === 'application/json') return readJson(body);
  return type === 'text/csv' ? readCsv(body) : readCalendar(body);
}

function count(rows: readonly FileRow[], action: FileRow['action']): number {
  return rows.reduce((sum, row) => (row.action === action ? sum + 1 : sum), 0);
}

/** What came of an import. */
export interface Imported {
  readonly file: ImportFile;
  readonly counts: { readonly created: number; readonly skipped: number; readonly faults: number };
  /** Null where nothing was to be written. */
  readonly written: Written | null;
}

/** @throws QuotaExceeded if the rows that a file makes are more than the lane has room for */
async function requireRoom(lane: Lane, { rows }: ImportFile): Promise<void> {
  const growth = { tasks: 0, projects: 0, tags: 0, webhooks: 0 };
  const quotas = { task: 'tasks', project: 'projects', tag: 'tags' } as const;
  for (const { type, action } of rows) {
    if (action === 'create' && type in quotas) growth[quotas[type as keyof typeof quotas]] += 1;
  }
  const exceeded = findExceeded(countsOf(await findProfile(lane)), growth, lane.quotas);
  if (exceeded) throw new QuotaExceeded(exceeded);
}

/** Imports a file; with a fault in it, or when it is a dry run, nothing is written. */
export async function importFile(scope: UserScope, source: Source, dryRun: boolean): Promise<Imported> {
  const file = await collect(readRows(source), createNotes(source.body.file));
  await scope.read(async (lane) => {
    await planImport(lane, file);
    await requireRoom(lane, file);
  });
  const faults = count(file.rows, 'fault');
  const written = dryRun || faults > 0 ? null : await writeImport(scope, file);
  const counts = { created: count(file.rows, 'create'), skipped: count(file.rows, 'skip'), faults };
  return { file, counts, written };
}

// A page of a report has at most so many rows, and notes of so many bytes.
const pageSize = 100;
const pageBytes = 1024 * 1024;

/** How many rows and how many of their faults a report lists. */
export const maxReportRows = 1_000;
export const maxReportErrors = 100;

const faultNote = ({ links, note }: FileRow): Note | undefined => (links === undefined ? note : undefined);

function* pagesOf(rows: readonly FileRow[]): Generator<FileRow[]> {
  let [page, bytes]: [FileRow[], number] = [[], 0];
  for (const row of rows) {
    page.push(row);
    bytes += faultNote(row)?.length ?? 0;
    if (page.length === pageSize || bytes >= pageBytes) {
      yield page;
      [page, bytes] = [[], 0];
    }
  }
  yield page;
}

/** Rows as a report has them, a page at a time, with so many of their faults. */
async function* toReportRows(
  notes: ImportFile['notes'],
  rows: readonly FileRow[],
  maxErrors: number,
): AsyncGenerator<Schemas['ImportRow'][]> {
  let left = maxErrors;
  for (const page of pagesOf(rows)) {
    const noted = await notes.read<ValidationError[]>(page.flatMap((row) => faultNote(row) ?? []));
    const next = noted.values();
    yield page.map((each) => {
      const { row, line, type, action, id, faults = [] } = each;
      const read = faultNote(each) ? (next.next().value ?? []) : [];
      const errors = locate(each, [...read, ...faults].slice(0, left));
      left -= errors.length;
      return { row, line, type, action, id, errors };
    });
  }
}

/** The first rows with faults: as many as have a number of them between them. */
function rowsWithFaults(rows: readonly FileRow[], most: number): FileRow[] {
  const found: FileRow[] = [];
  let faults = 0;
  for (const row of rows) {
    if (faults >= most) break;
    if (row.faultCount === 0) continue;
    found.push(row);
    faults += row.faultCount;
  }
  return found;
}

/** How many faults the rows of a file have. */
export function countFaults({ rows }: ImportFile): number {
  return rows.reduce((sum, { faultCount }) => sum + faultCount, 0);
}

/**
 * The rows of a report in the file's order, of a large file not all: the first that have faults, as far as their faults
 * are told, and the first of the others.
 */
export function reportOf(file: ImportFile) {
  const { rows, notes } = file;
  const faulty = rowsWithFaults(rows, maxReportErrors);
  const listed = new Set(faulty);
  for (const row of rows) {
    if (listed.size >= maxReportRows) break;
    if (row.faultCount === 0) listed.add(row);
  }
  return {
    rows: toReportRows(
      notes,
      rows.filter((row) => listed.has(row)),
      maxReportErrors,
    ),
    rows_omitted: rows.length - listed.size,
    errors_omitted: Math.max(0, countFaults(file) - maxReportErrors),
  };
}

/** The first faults of a file, as many as a number. */
export async function firstFaults({ rows, notes }: ImportFile, most: number): Promise<ValidationError[]> {
  const found: ValidationError[] = [];
  const pages = toReportRows(notes, rowsWithFaults(rows, most), most);
  for await (const page of pages) for (const { errors } of page) found.push(...errors);
  return found;
}
