/** Importing a file: read, planned, and unless it is only tried or has faults, written. */
import type { Schemas } from '../contract/operations';
import type { UserScope } from '../database/lane';
import { readCalendar } from './calendar-file';
import { readCsv } from './csv-file';
import type { FileRow, ImportFile } from './file';
import { readJson } from './json-file';
import { type Plan, planImport } from './plan';
import { type Written, writeImport } from './write';

/** A file as it came: a parsed document, or text of one of the media types. */
export type Source =
  | { readonly type: 'application/json'; readonly document: Schemas['LaneImport'] }
  | { readonly type: 'text/csv' | 'text/calendar'; readonly text: string };

function readFile(source: Source): Promise<ImportFile> {
  if (source.type === 'application/json') return readJson(source.document);
  return source.type === 'text/csv' ? readCsv(source.text) : readCalendar(source.text);
}

function count(rows: readonly FileRow[], action: FileRow['action']): number {
  return rows.filter((row) => row.action === action).length;
}

/** What came of an import. */
export interface Imported {
  readonly file: ImportFile;
  readonly counts: { readonly created: number; readonly skipped: number; readonly faults: number };
  /** Null where nothing was to be written. */
  readonly written: Written | null;
}

/** Imports a file; with a fault in it, or when it is a dry run, nothing is written. */
export async function importFile(scope: UserScope, source: Source, dryRun: boolean): Promise<Imported> {
  const file = await readFile(source);
  const plan: Plan = await scope.read((lane) => planImport(lane, file));
  const faults = count(file.rows, 'fault');
  const written = dryRun || faults > 0 ? null : await writeImport(scope, file, plan);
  const counts = { created: count(file.rows, 'create'), skipped: count(file.rows, 'skip'), faults };
  return { file, counts, written };
}

function toImportRow({ row, line, type, action, id, errors }: FileRow): Schemas['ImportRow'] {
  return { row, line, type, action, id, errors };
}

const pageSize = 1_000;

/** The rows of a report, a page at a time. */
export async function* reportRows(rows: readonly FileRow[]): AsyncGenerator<Schemas['ImportRow'][]> {
  for (let start = 0; start < rows.length; start += pageSize) {
    yield rows.slice(start, start + pageSize).map(toImportRow);
  }
}
