/** Writes a planned import in chunks. Each chunk is a transaction. */
import { generateKeyBetween } from 'fractional-indexing';
import { v7 as uuidv7 } from 'uuid';
import { chunksOf } from '../../platform/database/chunks';
import type { UserScope, WritableLane } from '../../platform/database/lane';
import { importPurgedCompletions, insertCompletions, keyOfCompletion } from '../completions/repository';
import { findProfile, knowsTimeZone, type Settings, updateProfile } from '../profile/repository';
import { addRoots, importProjects } from '../projects/import';
import { namesByKey } from '../tags/names';
import { insertTags } from '../tags/repository';
import { importTasks, type TaskDraft } from '../tasks/import';
import { moveInstants } from '../tasks/overdue';
import { positionAtEnd } from '../tasks/position';
import type { ImportedTask } from '../tasks/write';
import { tasksInStatement } from '../tasks/write';
import {
  type Drafts,
  type FileRow,
  forEach,
  type ImportFile,
  type RowType,
  type TaskReferences,
} from './file';
import type { Note } from './notes';
import { resolveTasks } from './plan';
import { type KnownTask, knownIds, knownTagKeys, knownTasks } from './repository';

// A task or project in the trash records two changes, and a chunk may record at most 1,000.
const chunkSizes = {
  ...{ project: 500, tag: 1_000, task: tasksInStatement },
  ...{ completion: 1_000, purged_completion: 1_000 },
};

/** The lane has changed since the plan was made, so that a project, parent or task of a row is missing. */
class Interrupted extends Error {}

/** Writes the profile, unless the user has changed it since the plan was made. */
async function writeProfile(lane: WritableLane, settings: Settings): Promise<void> {
  const before = await findProfile(lane);
  if (!before || before.updated_at) return;
  const { time_zone, ...others } = settings;
  const isKnown = time_zone !== undefined && (await knowsTimeZone(lane, time_zone));
  const after = await updateProfile(lane, isKnown ? settings : others);
  if (after.time_zone !== before.time_zone) await moveInstants(lane, after.time_zone);
}

type TaskRow = FileRow<'task'> & { links: NonNullable<FileRow<'task'>['links']> };

/** Gives tasks without a position one after all tasks of the lane, in the order of the file. */
async function positionAll(scope: UserScope, rows: readonly TaskRow[]): Promise<void> {
  const without = rows.filter(({ links }) => !links.isPositioned);
  if (without.length === 0) return;
  let next = await scope.read((lane) => positionAtEnd(lane, 'tasks'));
  await forEach(without, ({ links }) => {
    links.position = next;
    next = generateKeyBetween(next, null);
  });
}

/** Sorts tasks by level, so that parents come first, and otherwise in the order of the file. */
async function byLevel(rows: readonly TaskRow[]): Promise<TaskRow[]> {
  const levels: TaskRow[][] = [];
  await forEach(rows, (row) => {
    const { level } = row.links.resolved as KnownTask;
    levels[level] ??= [];
    levels[level].push(row);
  });
  return levels.flat();
}

type ResolvedTask = TaskDraft & Pick<ImportedTask, 'project_id' | 'position'>;

function toReferences({ id, parent_id, project_id, deleted_with }: ResolvedTask): TaskReferences {
  return { id, parent_id, project_id, deleted_with };
}

/** Creates the tags that the tasks have and the lane lacks. Tags are written in their own chunks: there can be many. */
async function makeTags(scope: UserScope, tasks: readonly TaskDraft[]): Promise<void> {
  const names = namesByKey(tasks.flatMap(({ tags }) => tags));
  const known = await scope.read((lane) => knownTagKeys(lane, new Set(names.keys())));
  const fresh = [...names].filter(([key]) => !known.has(key));
  for (const chunk of chunksOf(fresh, chunkSizes.tag)) {
    const tags = chunk.map(([, name]) => ({ id: uuidv7(), name, color: null, created_at: undefined }));
    await scope.write((lane) => insertTags(lane, tags));
  }
}

/** Writes planned tasks. @throws Interrupted if the project or parent of one is missing now */
async function writeTasks(lane: WritableLane, tasks: readonly ResolvedTask[]): Promise<string[]> {
  const referred = tasks.flatMap(({ id, parent_id }) => (parent_id === null ? [id] : [id, parent_id]));
  const knownById = await knownTasks(lane, new Set(referred));
  const trashed = new Set(
    tasks.flatMap(({ id, deleted_with }) =>
      knownById.get(id)?.deleted && deleted_with === null ? [id] : [],
    ),
  );
  for (const id of trashed) knownById.delete(id);
  const missing = tasks.filter(({ id }) => !knownById.has(id));
  const wanted = new Set(missing.flatMap(({ project_id }) => project_id ?? []));
  const projects = await knownIds(lane, 'projects', wanted);
  const resolved = await resolveTasks(new Map(missing.map((task) => [task.id, toReferences(task)])), {
    projects,
    knownById,
  });
  if ([...resolved.values()].some((each) => 'code' in each)) throw new Interrupted();
  const tasksAlone = missing.map(({ deleted_with_project: _project, ...task }) => task);
  const written = await importTasks(lane, tasksAlone, trashed);
  const isWritten = new Set(written);
  await addRoots(
    lane,
    missing.filter(({ id }) => isWritten.has(id)),
  );
  return written;
}

async function writeCompletions(lane: WritableLane, rows: Drafts['completion'][]): Promise<string[]> {
  const known = await knownIds(lane, 'tasks', new Set(rows.map(({ task_id }) => task_id)));
  if (rows.some(({ task_id }) => !known.has(task_id))) throw new Interrupted();
  return insertCompletions(lane, rows);
}

/** The result of writing: whether all rows were written, and how many. */
export interface Written {
  readonly isWhole: boolean;
  readonly created: number;
}

/** Writes a planned import. Rows that the lane has received since the plan was made are skipped. */
export async function writeImport(scope: UserScope, { rows, notes }: ImportFile): Promise<Written> {
  let created = 0;
  const newRows = <T extends RowType>(type: T) =>
    rows.filter(
      (row) => row.type === type && (row.action === 'create' || row.action === 'restore'),
    ) as FileRow<T>[];
  const draftsOf = <T extends RowType>(some: readonly FileRow<T>[]) =>
    notes.read<Drafts[T]>(some.map(({ note }) => note as Note));

  /** Writes rows in chunks. `insert` returns the keys of the written rows. */
  async function write<T extends keyof typeof chunkSizes, D>(
    some: readonly FileRow<T>[],
    toRow: (draft: Drafts[T], row: FileRow<T>) => D,
    insert: (lane: WritableLane, drafts: D[]) => Promise<string[]>,
    {
      keyOf,
      prepare = async () => undefined,
    }: { keyOf: (draft: D) => string; prepare?: (drafts: D[]) => Promise<void> },
  ): Promise<void> {
    for (const chunk of chunksOf(some, some[0] ? chunkSizes[some[0].type] : 1)) {
      const read = await draftsOf(chunk);
      const drafts = read.map((draft, index) => toRow(draft, chunk[index] as FileRow<T>));
      await prepare(drafts);
      const made = new Set(await scope.write((lane) => insert(lane, drafts)));
      for (const [index, row] of chunk.entries()) {
        if (made.has(keyOf(drafts[index] as D))) created++;
        else row.action = 'skip';
      }
    }
  }
  const byId = { keyOf: ({ id }: { id: string }) => id };
  const unchanged = <D>(draft: D) => draft;

  try {
    for (const settings of await draftsOf(newRows('profile'))) {
      await scope.write((lane) => writeProfile(lane, settings));
      created++;
    }
    await write(newRows('project'), unchanged, importProjects, byId);
    await write(newRows('tag'), unchanged, insertTags, byId);
    const tasks = newRows('task') as TaskRow[];
    await positionAll(scope, tasks);
    const toTask = (draft: TaskDraft, row: FileRow<'task'>): ResolvedTask => {
      const { id, parent_id, resolved, position } = (row as TaskRow).links;
      const { project_id } = resolved as KnownTask;
      return { ...draft, id, parent_id, project_id, position: draft.position ?? (position as string) };
    };
    const ordered = await byLevel(tasks);
    await write(ordered, toTask, writeTasks, { ...byId, prepare: (drafts) => makeTags(scope, drafts) });
    await write(newRows('completion'), unchanged, writeCompletions, byId);
    await write(newRows('purged_completion'), unchanged, importPurgedCompletions, { keyOf: keyOfCompletion });
    return { isWhole: true, created };
  } catch (error) {
    if (error instanceof Interrupted) return { isWhole: false, created };
    throw error;
  }
}
