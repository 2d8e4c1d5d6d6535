/** The rows of a file that is imported, whatever its format. */
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { v5 as uuidv5 } from 'uuid';
import type { Schemas, ValidationError } from '../contract/operations';
import type { CompletionRow } from '../database/rows';
import type { Settings } from '../profile/repository';
import type { ImportedProject } from '../projects/repository';
import type { ImportedTag } from '../tags/repository';
import type { TaskDraft } from '../tasks/import';

/** What each type of row makes. */
export interface Drafts {
  profile: Settings;
  project: ImportedProject;
  tag: ImportedTag;
  task: TaskDraft;
  completion: Omit<CompletionRow, 'user_id' | 'reopened'>;
  /** Nothing: what is wrong with all of the file. */
  file: undefined;
}

export type RowType = keyof Drafts;

/** A row, and what becomes of it. */
export interface FileRow<T extends RowType = RowType> {
  readonly row: number;
  readonly line: number | null;
  readonly type: T;
  /** Where it is, for pointers. */
  readonly at: string;
  readonly id: string | null;
  /** Undefined where there are errors. */
  readonly draft: Drafts[T] | undefined;
  action: Schemas['ImportRow']['action'];
  readonly errors: ValidationError[];
}

/** A file as it was read. */
export interface ImportFile {
  readonly rows: FileRow[];
  readonly ignored: number;
}

/** As many rows as a file may have. */
export const maxRows = 200_000;

/** Notes faults of a row down; their pointers are into it. */
export function addFaults(row: FileRow, faults: readonly ValidationError[]): void {
  if (faults.length === 0) return;
  row.action = 'fault';
  const where = row.line === null ? '' : ` (line ${row.line})`;
  row.errors.push(
    ...faults.map(({ pointer, code, detail }) => ({
      pointer: row.at + pointer,
      code,
      detail: detail + where,
    })),
  );
}

/** Makes a row from what was read: a draft, or what is wrong with it. */
export function makeRow<T extends RowType>(
  place: Pick<FileRow<T>, 'row' | 'line' | 'type' | 'at' | 'id'>,
  read: Drafts[T] | readonly ValidationError[],
): FileRow<T> {
  const faults = Array.isArray(read) ? (read as readonly ValidationError[]) : [];
  const draft = Array.isArray(read) ? undefined : (read as Drafts[T]);
  const row: FileRow<T> = { ...place, draft, action: 'create', errors: [] };
  addFaults(row as FileRow, faults);
  return row;
}

/** The row that says what is wrong with a file as a whole. */
export function faultOfFile(line: number | null, fault: ValidationError): FileRow {
  return makeRow({ row: 0, line, type: 'file', at: '/body', id: null }, [fault]) as FileRow;
}

export const tooManyRows: ValidationError = {
  pointer: '',
  code: 'too-long',
  detail: `must have at most ${maxRows} rows`,
};

// Made up once, for names of things that come from files (RFC 9562, section 5.5).
const namespace = 'b1a5f3d6-6f0e-4c39-9a52-2d1f3f0c7e11';

/** Ids for the rows of a file that have none: the same each time that the same file is read. */
export function idsFor(text: string): (row: number) => string {
  const content = createHash('sha256').update(text).digest('hex');
  return (row) => uuidv5(`${content}/${row}`, namespace);
}

/** The id that a foreign name stands for, in whatever file it comes. */
export function idNamed(name: string): string {
  return uuidv5(`name/${name}`, namespace);
}

/** Lets others have a turn, every so many rows. */
export async function breathe(count: number): Promise<void> {
  if (count % 100 === 0) await turn();
}
