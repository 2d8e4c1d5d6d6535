/** The rows of a file that is imported, whatever its format: what is kept of each while the file is read. */
import { v5 as uuidv5 } from 'uuid';
import type { Schemas, ValidationError } from '../../platform/contract/document/operations';
import type { CompletionRow } from '../../platform/database/rows';
import type { Settings } from '../profile/repository';
import type { ImportedProject } from '../projects/repository';
import { tagKey } from '../tags/names';
import type { ImportedTag } from '../tags/repository';
import type { TaskDraft } from '../tasks/import';
import type { Note, Notes } from './notes';
import { createPace } from './pace';
import type { KnownPlace } from './repository';

/** What each type of row makes. */
export interface Drafts {
  profile: Settings;
  project: ImportedProject;
  tag: ImportedTag;
  task: TaskDraft;
  completion: Omit<CompletionRow, 'user_id'>;
  /** Nothing: what is wrong with all of the file. */
  file: undefined;
}

export type RowType = keyof Drafts;

/** What the place of a task depends on. */
export interface Placeable {
  readonly id: string;
  readonly parent_id: string | null;
  /** Undefined: where its parent is. */
  readonly project_id: string | null | undefined;
  readonly deleted_with: string | null;
}

/** What is kept of a task. */
interface TaskLinks extends Placeable {
  /** The lane's own project, once it is known, where the file's is known by its name. */
  project_id: string | null | undefined;
  readonly isPositioned: boolean;
  /** Where it is to be, once that is planned. */
  place: KnownPlace | undefined;
  /** Its position, where the file has none and once it is written. */
  position: string | undefined;
}

/** What planning needs of each type's drafts, which are not in memory. */
interface Links {
  profile: null;
  /** Its name, where its id follows from that; otherwise empty. */
  project: string;
  /** The key of its name. */
  tag: string;
  task: TaskLinks;
  /** The task's id. */
  completion: string;
  file: null;
}

/** Where a row is in a file. */
interface RowPlace<T extends RowType = RowType> {
  readonly row: number;
  readonly line: number | null;
  readonly type: T;
  /** The pointer to what it is in, and its index there; null for what is in nothing. */
  readonly within: string;
  readonly index: number | null;
  readonly id: string | null;
}

/** A row as it is read: what it makes, or what is wrong with it. */
export interface ReadRow<T extends RowType = RowType> extends RowPlace<T> {
  readonly read: Drafts[T] | readonly ValidationError[];
}

/** A row, and what becomes of it. */
export interface FileRow<T extends RowType = RowType> extends RowPlace<T> {
  /** That of what the lane has already, where that is known by its name. */
  id: string | null;
  action: Schemas['ImportRow']['action'];
  /** Undefined where it was read with faults. */
  readonly links: Links[T] | undefined;
  /** Its draft, or the faults that it was read with; undefined where there is neither. */
  readonly note: Note | undefined;
  /** What it has against others or the lane; pointers are into the row. */
  faults: ValidationError[] | undefined;
  /** How many faults it has, those that it was read with included. */
  faultCount: number;
}

/** A file as it was read. */
export interface ImportFile {
  readonly rows: readonly FileRow[];
  readonly ignored: number;
  readonly notes: Notes;
}

/** As many rows as a file may have. */
export const maxRows = 200_000;

// Of one row; who makes more of them has made the same one everywhere.
const maxFaults = 100;

/** Notes faults of a row down. */
export function addFaults(row: FileRow, faults: readonly ValidationError[]): void {
  if (faults.length === 0) return;
  row.action = 'fault';
  row.faults = [...(row.faults ?? []), ...faults];
  row.faultCount += faults.length;
}

/** Faults of a row as they are told: with pointers into the file, and the line. */
export function locate(
  { within, index, line }: FileRow,
  faults: readonly ValidationError[],
): ValidationError[] {
  const at = index === null ? within : `${within}/${index}`;
  const where = line === null ? '' : ` (line ${line})`;
  return faults.map(({ pointer, code, detail }) => ({ pointer: at + pointer, code, detail: detail + where }));
}

/** The row that says what is wrong with a file as a whole. */
export function faultOfFile(line: number | null, fault: ValidationError): ReadRow {
  return { row: 0, line, type: 'file', within: '/body', index: null, id: null, read: [fault] };
}

const tooManyRows: ValidationError = {
  pointer: '',
  code: 'too-long',
  detail: `must have at most ${maxRows} rows`,
};

/** What is wrong with a row that is larger than one may be. */
export function tooLargeFault(maxBytes: number): ValidationError {
  return { pointer: '', code: 'too-long', detail: `must be at most ${maxBytes} bytes` };
}

const idLength = 36;

// Text that was cut out of a file can keep all of it in memory.
const copy = <S extends string | null | undefined>(text: S): S =>
  (text == null ? text : Buffer.from(text).toString()) as S;

const linksOf: { [T in RowType]: (draft: Drafts[T], id: string) => Links[T] } = {
  profile: () => null,
  project: ({ name }, id) => (id === idOfProject(name) ? name : ''),
  tag: ({ name }) => tagKey(name),
  task: ({ parent_id, project_id, deleted_with, position }, id) => ({
    id,
    parent_id: copy(parent_id),
    project_id: copy(project_id),
    deleted_with: deleted_with === id ? id : copy(deleted_with),
    isPositioned: position !== undefined,
    place: undefined,
    position: undefined,
  }),
  completion: ({ task_id }) => copy(task_id),
  file: () => null,
};

async function toFileRow({ read, id, ...place }: ReadRow, notes: Notes): Promise<FileRow> {
  // An id that is longer is none, and has a fault.
  const kept = { ...place, id: (id?.length ?? 0) > idLength ? null : copy(id), faults: undefined };
  if (Array.isArray(read)) {
    const faults = read.slice(0, maxFaults);
    const note = await notes.write(faults);
    return { ...kept, action: 'fault', links: undefined, note, faultCount: faults.length };
  }
  const links = linksOf[place.type](read as never, kept.id as string);
  return { ...kept, action: 'create', links, note: await notes.write(read), faultCount: 0 };
}

/** Keeps what is read: a little of each row in memory, and the rest as notes. */
export async function collect(read: AsyncIterable<ReadRow | 'ignored'>, notes: Notes): Promise<ImportFile> {
  const rows: FileRow[] = [];
  const pace = createPace();
  let ignored = 0;
  for await (const each of read) {
    await pace();
    if (each === 'ignored') ignored++;
    else if (rows.length < maxRows) rows.push(await toFileRow(each, notes));
    else return { rows: [await toFileRow(faultOfFile(each.line, tooManyRows), notes)], ignored, notes };
  }
  return { rows, ignored, notes };
}

const namespace = 'b1a5f3d6-6f0e-4c39-9a52-2d1f3f0c7e11';

/** Ids for the rows of a file that have none: the same each time that the same file is read. */
export function idsFor(sha256: string): (row: number) => string {
  return (row) => uuidv5(`${sha256}/${row}`, namespace);
}

/** The id that a foreign name stands for, in whatever file it comes. */
export function idNamed(name: string): string {
  return uuidv5(`name/${name}`, namespace);
}

/** The id of a project that a file knows by its name alone. */
export function idOfProject(name: string): string {
  return idNamed(`project/${name}`);
}

/** Does something with each item, and lets others have a turn in between. */
export async function forEach<I>(items: Iterable<I>, work: (item: I) => void): Promise<void> {
  const pace = createPace();
  let count = 0;
  for (const item of items) {
    work(item);
    if (++count % 100 === 0) await pace();
  }
}
