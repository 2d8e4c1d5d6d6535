/** Writing what was planned, in chunks, each all or nothing. */
import { generateNKeysBetween } from 'fractional-indexing';
import { insertCompletions } from '../completions/repository';
import type { UserScope, WritableLane } from '../database/lane';
import { positionAtEnd } from '../order/position';
import { findProfile, knowsTimeZone, type Settings, updateProfile } from '../profile/repository';
import { insertProjects } from '../projects/repository';
import { insertTags } from '../tags/repository';
import { importTasks } from '../tasks/import';
import { moveReminders } from '../tasks/reminders';
import type { Drafts, FileRow, ImportFile, RowType } from './file';
import { type PlacedTask, type Plan, placeTasks } from './plan';
import { knownIds, knownPlaces } from './repository';

// A task in the trash leaves two changes, and no chunk is to leave more than 1,000.
const chunkSizes = { project: 1_000, tag: 1_000, task: 500, completion: 1_000 };

/** The lane has changed since the plan was made: a row's place is no more. */
class Interrupted extends Error {}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  );
}

/** Sets the profile, unless the user did so meanwhile. */
async function writeProfile(lane: WritableLane, settings: Settings): Promise<void> {
  const before = await findProfile(lane);
  if (!before || before.updated_at) return;
  const { time_zone, ...others } = settings;
  const isKnown = time_zone !== undefined && (await knowsTimeZone(lane, time_zone));
  const after = await updateProfile(lane, isKnown ? settings : others);
  if (after.time_zone !== before.time_zone) {
    await moveReminders(lane, { before: before.time_zone, after: after.time_zone });
  }
}

type Positioned = PlacedTask & { readonly position: string };

/** Tasks with their positions, parents first; those that have none come last, in the file's order. */
async function inOrder(scope: UserScope, tasks: Plan['tasks']): Promise<Positioned[]> {
  const without = [...tasks.values()].filter(({ position }) => position === undefined);
  const end = without.length === 0 ? null : await scope.read((lane) => positionAtEnd(lane, 'tasks'));
  // The first of as many as it takes after the last one is what that is.
  const keys = without.length === 0 ? [] : [end as string];
  if (without.length > 1) keys.push(...generateNKeysBetween(end, null, without.length - 1));
  const positions = new Map(without.map(({ id }, index) => [id, keys[index] as string]));
  return [...tasks.values()]
    .map((task) => ({ ...task, position: task.position ?? (positions.get(task.id) as string) }))
    .sort((one, other) => one.level - other.level);
}

/** Writes tasks that were planned. @throws Interrupted if one has lost its place since. */
async function writeTasks(lane: WritableLane, tasks: readonly Positioned[]): Promise<string[]> {
  const referred = tasks.flatMap(({ id, parent_id }) => (parent_id === null ? [id] : [id, parent_id]));
  const places = await knownPlaces(lane, [...new Set(referred)]);
  const missing = tasks.filter(({ id }) => !places.has(id));
  const wanted = new Set(missing.flatMap(({ project_id }) => project_id ?? []));
  const projects = await knownIds(lane, 'projects', [...wanted]);
  const placed = placeTasks(new Map(missing.map((task) => [task.id, task])), { projects, places });
  if ([...placed.values()].some((task) => 'code' in task)) throw new Interrupted();
  return importTasks(
    lane,
    missing.map(({ level: _level, ...task }) => task),
  );
}

async function writeCompletions(lane: WritableLane, rows: Drafts['completion'][]): Promise<string[]> {
  const known = await knownIds(lane, 'tasks', [...new Set(rows.map(({ task_id }) => task_id))]);
  if (rows.some(({ task_id }) => !known.has(task_id))) throw new Interrupted();
  return insertCompletions(lane, rows);
}

/** What came of writing: whether all of it could be, and how many rows were. */
export interface Written {
  readonly isWhole: boolean;
  readonly created: number;
}

/** Writes what was planned; rows that the lane has got meanwhile become skipped. */
export async function writeImport(scope: UserScope, { rows }: ImportFile, plan: Plan): Promise<Written> {
  let created = 0;
  const newRows = <T extends RowType>(type: T) =>
    rows.filter((row) => row.type === type && row.action === 'create') as FileRow<T>[];

  async function write<T extends 'project' | 'tag' | 'task' | 'completion', D extends { id: string }>(
    type: T,
    drafts: readonly D[],
    insert: (lane: WritableLane, drafts: D[]) => Promise<string[]>,
  ): Promise<void> {
    const byId = new Map(newRows(type).map((row) => [row.id, row]));
    for (const chunk of chunksOf(drafts, chunkSizes[type])) {
      const made = new Set(await scope.write((lane) => insert(lane, chunk)));
      for (const { id } of chunk) {
        const row = byId.get(id);
        if (row && made.has(id)) created++;
        else if (row) row.action = 'skip';
      }
    }
  }
  const draftsOf = <T extends RowType>(type: T) => newRows(type).map(({ draft }) => draft as Drafts[T]);

  try {
    for (const settings of draftsOf('profile')) {
      await scope.write((lane) => writeProfile(lane, settings));
      created++;
    }
    await write('project', draftsOf('project'), insertProjects);
    await write('tag', [...draftsOf('tag'), ...plan.newTags], insertTags);
    if (plan.tasks.size > 0) await write('task', await inOrder(scope, plan.tasks), writeTasks);
    await write('completion', draftsOf('completion'), writeCompletions);
    return { isWhole: true, created };
  } catch (error) {
    if (error instanceof Interrupted) return { isWhole: false, created };
    throw error;
  }
}
