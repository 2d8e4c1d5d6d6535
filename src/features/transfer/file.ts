/** The rows of an imported file of any format. A part of each row is kept in memory, the rest is stored in notes. */
import { createHash } from 'node:crypto';
import { v5 as uuidv5 } from 'uuid';
import { cut } from '../../domain/foreign/fit';
import type { ReadWarning } from '../../domain/foreign/warning';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import type { CompletionRow } from '../../platform/database/rows';
import { keyOfCompletion, type PurgedCompletion } from '../completions/repository';
import type { Settings } from '../profile/repository';
import type { ImportedProject } from '../projects/import';
import { tagKey } from '../tags/names';
import type { ImportedTag } from '../tags/repository';
import type { TaskDraft } from '../tasks/import';
import type { Note, Notes } from './notes';
import { createPace } from './pace';
import type { KnownTask } from './repository';

/** The entity that a row of each type creates. */
export interface Drafts {
  profile: Settings;
  project: ImportedProject;
  tag: ImportedTag;
  task: TaskDraft;
  completion: Omit<CompletionRow, 'lane_id'>;
  purged_completion: PurgedCompletion;
  /** A row of this type creates nothing. It contains the errors or warnings of the whole file. */
  file: undefined;
}

export type RowType = keyof Drafts;

/** The fields that determine the project, parent and level of a task. */
export interface TaskReferences {
  readonly id: string;
  readonly parent_id: string | null;
  /** Undefined: the task gets the project of its parent. */
  readonly project_id: string | null | undefined;
  readonly deleted_with: string | null;
}

/** The part of a task that is kept in memory. */
export interface TaskLinks extends TaskReferences {
  /** Changed if another task of the file has the same id. */
  id: string;
  /** Changed if the parent that the file names cannot be used. */
  parent_id: string | null;
  readonly foreign: (Foreign & { readonly titleHash: string }) | undefined;
  /** If the file names the project, this becomes the id of the lane's project with this name. */
  project_id: string | null | undefined;
  /** The project in the trash with which a task in the trash was deleted. */
  readonly deleted_with_project: string | null;
  readonly isPositioned: boolean;
  /** The warning of a parent that cannot be used. */
  parentWarning: ReadWarning | undefined;
  /** Set when the import is planned. */
  resolved: KnownTask | undefined;
  /** Set when the import is written, if the file has no position. */
  position: string | undefined;
}

/** The part of a project that is kept in memory. */
interface ProjectLinks {
  /** The name, if the id is derived from it; otherwise empty. */
  readonly name: string;
  readonly isDeleted: boolean;
}

/** The part of each draft that planning needs. The drafts themselves are not in memory. */
interface Links {
  profile: null;
  project: ProjectLinks;
  /** The key of the name, see `tagKey`. */
  tag: string;
  task: TaskLinks;
  /** The id of the task. */
  completion: string;
  /** The task and the time, see `keyOfCompletion`. */
  purged_completion: string;
  file: null;
}

/** The location of a row in a file. */
interface RowLocation<T extends RowType = RowType> {
  readonly row: number;
  readonly line: number | null;
  readonly type: T;
  /** The pointer to the array or object that contains the row, and the index in the array; null if it is no array. */
  readonly within: string;
  readonly index: number | null;
  readonly id: string | null;
}

/** A row that was read: its draft, or validation errors. */
export interface ReadRow<T extends RowType = RowType> extends RowLocation<T> {
  readonly read: Drafts[T] | readonly ValidationError[];
  /** What reading changed or left out. */
  readonly warnings?: readonly ReadWarning[];
  /** Set for a task of another program. Undefined: its references must be right, and no other row may have its id. */
  readonly foreign?: Foreign;
}

/** What planning needs to know about a task of another program. */
export interface Foreign {
  /** The names of the id and of the parent in the file, for warnings. */
  readonly idField: string;
  readonly parentField: string;
  /** Of two rows with the same id and title, the one with the greater edition counts. */
  readonly edition: string;
}

/** What a reader knows about the lane. */
export interface ReadContext {
  /** The time zone of the profile, for instants without one. */
  readonly timeZone: string;
}

/** A row with its action. */
export interface FileRow<T extends RowType = RowType> extends RowLocation<T> {
  /** The id of the lane's own row, if the lane already has one with the same name. */
  id: string | null;
  action: Schemas['ImportRow']['action'];
  /** Undefined if the row was read with errors. */
  readonly links: Links[T] | undefined;
  /** The stored draft, or the stored errors of reading; undefined if there is neither. */
  readonly note: Note | undefined;
  /** The errors that planning finds, for example duplicates; the pointers are into the row. */
  errors: ValidationError[] | undefined;
  /** The number of all its errors, including the errors of reading. */
  errorCount: number;
  /** The stored warnings of reading, at most `maxKeptWarnings`. */
  readonly warningNote: Note | undefined;
  /** The warnings of planning. */
  warnings: ReadWarning[] | undefined;
  /** The number of all its warnings, including the warnings of reading. */
  warningCount: number;
}

/** A file that was read. */
export interface ImportFile {
  readonly rows: readonly FileRow[];
  readonly ignored: number;
  readonly notes: Notes;
}

/** The maximum number of rows of a file. */
export const maxRows = 200_000;

// The maximum number of errors and of warnings that are stored for a row.
const maxKeptErrors = 100;
export const maxKeptWarnings = 20;
// The maximum number of characters of a value in a warning.
const maxShown = 100;

/** Adds errors to a row. */
export function addErrors(row: FileRow, errors: readonly ValidationError[]): void {
  if (errors.length === 0) return;
  row.action = 'error';
  row.errors = [...(row.errors ?? []), ...errors];
  row.errorCount += errors.length;
}

/** Adds a warning to a row. */
export function addWarning(row: FileRow, warning: ReadWarning): void {
  row.warnings = [...(row.warnings ?? []), warning];
  row.warningCount++;
}

/** A warning for the report: long values are cut. */
export function shortenWarning({ field, found, used, detail }: ReadWarning): ReadWarning {
  const short = (text: string | null) => (text === null ? null : cut(text, maxShown));
  return {
    field: cut(field, maxShown),
    found: short(found),
    used: short(used),
    detail: cut(detail, 2 * maxShown),
  };
}

/** The errors of a row for the response: with pointers into the file, and with the line. */
export function locate(
  { within, index, line }: FileRow,
  errors: readonly ValidationError[],
): ValidationError[] {
  const at = index === null ? within : `${within}/${index}`;
  const where = line === null ? '' : ` (line ${line})`;
  return errors.map(({ pointer, code, detail }) => ({ pointer: at + pointer, code, detail: detail + where }));
}

/** A row with an error of the whole file. */
export function fileError(line: number | null, error: ValidationError): ReadRow {
  return { row: 0, line, type: 'file', within: '/body', index: null, id: null, read: [error] };
}

/** A row with warnings of the whole file. */
export function fileWarnings(line: number | null, warnings: readonly ReadWarning[]): ReadRow {
  return { row: 0, line, type: 'file', within: '/body', index: null, id: null, read: undefined, warnings };
}

const tooManyRows: ValidationError = {
  pointer: '',
  code: 'too-long',
  detail: `must have at most ${maxRows} rows`,
};

/** The error of a row that is too large. */
export function tooLargeError(maxBytes: number): ValidationError {
  return { pointer: '', code: 'too-long', detail: `must be at most ${maxBytes} bytes` };
}

const idLength = 36;

// A substring can keep the whole text of the file in memory, so it is copied.
const copy = <S extends string | null | undefined>(text: S): S =>
  (text == null ? text : Buffer.from(text).toString()) as S;

const hash = (text: string) => createHash('sha256').update(text).digest('base64').slice(0, 12);

const linksOf: {
  [T in RowType]: (draft: Drafts[T], id: string, foreign: Foreign | undefined) => Links[T];
} = {
  profile: () => null,
  project: ({ name, deleted_at }, id) => ({
    name: id === idOfProject(name) ? name : '',
    isDeleted: deleted_at !== null,
  }),
  tag: ({ name }) => tagKey(name),
  task: ({ parent_id, project_id, deleted_with, deleted_with_project, position, title }, id, foreign) => ({
    id,
    foreign: foreign && { ...foreign, edition: copy(foreign.edition), titleHash: hash(title) },
    parent_id: copy(parent_id),
    project_id: copy(project_id),
    deleted_with: deleted_with === id ? id : copy(deleted_with),
    deleted_with_project: copy(deleted_with_project),
    isPositioned: position !== undefined,
    parentWarning: undefined,
    resolved: undefined,
    position: undefined,
  }),
  completion: ({ task_id }) => copy(task_id),
  purged_completion: keyOfCompletion,
  file: () => null,
};

async function toFileRow(
  { read, id, warnings = [], foreign, ...location }: ReadRow,
  notes: Notes,
): Promise<FileRow> {
  const kept = {
    ...location,
    // A longer id is not valid, and the row has an error for it.
    id: (id?.length ?? 0) > idLength ? null : copy(id),
    errors: undefined,
    warnings: undefined,
    warningCount: warnings.length,
    warningNote:
      warnings.length === 0
        ? undefined
        : await notes.write(warnings.slice(0, maxKeptWarnings).map(shortenWarning)),
  };
  if (Array.isArray(read)) {
    const errors = read.slice(0, maxKeptErrors);
    const note = await notes.write(errors);
    return { ...kept, action: 'error', links: undefined, note, errorCount: errors.length };
  }
  const links = linksOf[location.type](read as never, kept.id as string, foreign);
  // A row of the whole file that has no errors has warnings.
  const action = location.type === 'file' ? 'skip' : 'create';
  return { ...kept, action, links, note: await notes.write(read), errorCount: 0 };
}

/** Collects the rows of a file: keeps a small part of each in memory and stores the rest in notes. */
export async function collect(read: AsyncIterable<ReadRow | 'ignored'>, notes: Notes): Promise<ImportFile> {
  const rows: FileRow[] = [];
  const pace = createPace();
  let ignored = 0;
  for await (const each of read) {
    await pace();
    if (each === 'ignored') ignored++;
    else if (rows.length < maxRows) rows.push(await toFileRow(each, notes));
    else return { rows: [await toFileRow(fileError(each.line, tooManyRows), notes)], ignored, notes };
  }
  return { rows, ignored, notes };
}

const namespace = 'b1a5f3d6-6f0e-4c39-9a52-2d1f3f0c7e11';

/** Creates ids for the rows of a file without ids. The same file always gets the same ids. */
export function idsFor(sha256: string): (row: number) => string {
  return (row) => uuidv5(`${sha256}/${row}`, namespace);
}

/** The id for a name from another program, such as a UID. It is the same in every file. */
export function idNamed(name: string): string {
  return uuidv5(`name/${name}`, namespace);
}

/** The id of a project for which a file has only the name. */
export function idOfProject(name: string): string {
  return idNamed(`project/${name}`);
}

/** Calls `work` for each item and yields to the event loop in between. */
export async function forEach<I>(items: Iterable<I>, work: (item: I) => void): Promise<void> {
  const pace = createPace();
  let count = 0;
  for (const item of items) {
    work(item);
    if (++count % 100 === 0) await pace();
  }
}
