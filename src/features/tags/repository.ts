import { v7 as uuidv7 } from 'uuid';
import { isOpenSql } from '../../domain/tasks/status';
import { chunksOf, rowsInStatement } from '../../platform/database/chunks';
import { type Position, pageAfter, type SortKey } from '../../platform/database/keyset';
import { differences, type Lane, lastValues, type WritableLane } from '../../platform/database/lane';
import type { TagRow } from '../../platform/database/rows';
import { update } from '../../platform/database/update';
import { outsideArchived } from '../archived-projects/tasks';
import { compareKeys, namesByKey, tagKey, tagName } from './names';

/** The fields of a tag that its user sets. */
export interface TagFields {
  name: string;
  color: string | null;
}

/** A query for the tags whose names have these keys. */
export function tagsNamed(lane: Lane, keys: readonly string[]) {
  return lane.rows('tags').whereIn('name_key', keys);
}

/**
 * Spells names like the lane's existing tags; new names stay as they are. Each tag comes once, in the order of keys.
 */
export async function spellTags(lane: Lane, names: readonly string[]): Promise<string[]> {
  const spelled = namesByKey(names);
  if (spelled.size === 0) return [];
  for (const tag of await tagsNamed(lane, [...spelled.keys()])) spelled.set(tag.name_key, tag.name);
  return [...spelled].toSorted(([one], [other]) => compareKeys(one, other)).map(([, name]) => name);
}

/** Gives a task exactly the tags with these names; creates the missing tags. */
export async function replaceTaskTags(
  lane: WritableLane,
  taskId: string,
  names: readonly string[],
): Promise<void> {
  const byKey = namesByKey(names);
  const known = new Map((await tagsNamed(lane, [...byKey.keys()])).map((tag) => [tag.name_key, tag.id]));
  const fresh = [...byKey].filter(([key]) => !known.has(key));
  for (const [key] of fresh) known.set(key, uuidv7());
  const links = [...known.values()].map((tag_id) => ({ task_id: taskId, tag_id }));
  // One statement for all tags: with a statement for each tag, a batch of tasks with many tags took seconds.
  await Promise.all([
    lane.rows('task_tags').where('task_id', taskId).delete(),
    insertTags(
      lane,
      fresh.map(([key, name]) => ({
        id: known.get(key) as string,
        name,
        color: null,
        created_at: undefined,
      })),
    ),
    links.length > 0 && lane.insert('task_tags', links),
  ]);
}

/** A tag from an import. */
export type ImportedTag = TagFields & { id: string; created_at: Date | undefined };

/** Creates many tags; skips those whose id or name is taken. @returns the ids of the created tags */
export async function insertTags(lane: WritableLane, tags: readonly ImportedTag[]): Promise<string[]> {
  if (tags.length === 0) return [];
  const rows: { id: string }[] = await lane
    .insert(
      'tags',
      tags.map((tag) => ({
        ...tag,
        name_key: tagKey(tag.name),
        created_at: tag.created_at ?? lane.now,
        updated_at: lane.now,
      })),
    )
    .onConflict()
    .ignore()
    .returning('id');
  for (const { id } of rows) lane.changed({ type: 'tag', id, action: 'created', fields: {} });
  return rows.map(({ id }) => id);
}

/** Spells many lists of names like the lane's tags, each list in the order of keys; creates the missing tags. */
export async function spellAll(
  lane: WritableLane,
  lists: readonly (readonly string[])[],
): Promise<string[][]> {
  const wanted = namesByKey(lists.flat());
  const known = new Map((await tagsNamed(lane, [...wanted.keys()])).map((tag) => [tag.name_key, tag.name]));
  const fresh = [...wanted].filter(([key]) => !known.has(key));
  await insertTags(
    lane,
    fresh.map(([, name]) => ({ id: uuidv7(), name, color: null, created_at: undefined })),
  );
  const spelled = new Map([...wanted, ...known]);
  return lists.map((names) =>
    [...new Set(names.map(tagKey))].toSorted(compareKeys).map((key) => spelled.get(key) as string),
  );
}

/** Links new tasks with the tags in their rows. All these tags must exist. */
export async function tagTasks(
  lane: WritableLane,
  rows: readonly { id: string; tags: string[] }[],
): Promise<void> {
  const keys = [...new Set(rows.flatMap(({ tags }) => tags.map(tagKey)))];
  if (keys.length === 0) return;
  const ids = new Map((await tagsNamed(lane, keys)).map((tag) => [tag.name_key, tag.id]));
  await lane.insert(
    'task_tags',
    rows.flatMap(({ id, tags }) =>
      tags.map((name) => ({ task_id: id, tag_id: ids.get(tagKey(name)) as string })),
    ),
  );
}

/** A page of tags in `order`. */
export async function listTags(
  lane: Lane,
  order: readonly SortKey[],
  after: Position | null,
  limit: number,
): Promise<TagRow[]> {
  return pageAfter(lane.rows('tags'), order, after).limit(limit);
}

export interface TagCounts {
  readonly open: number;
  readonly total: number;
}

/** The number of tasks with each of these tags by its id, without tasks in the trash or in archived projects. */
export async function countTagged(lane: Lane, ids: readonly string[]): Promise<Record<string, TagCounts>> {
  const live = () => outsideArchived(lane, lane.rows('tasks').whereNull('deleted_at'));
  const tally = async (tasks: ReturnType<typeof live>) => {
    const rows: { tag_id: string; count: string }[] = await lane
      .rows('task_tags')
      .whereIn('tag_id', ids)
      .whereIn('task_id', tasks.select('id'))
      .groupBy('tag_id')
      .select('tag_id', lane.expression('count(*)'));
    return new Map(rows.map((row) => [row.tag_id, Number(row.count)]));
  };
  const [total, open] = await Promise.all([tally(live()), tally(live().whereRaw(isOpenSql))]);
  return Object.fromEntries(ids.map((id) => [id, { open: open.get(id) ?? 0, total: total.get(id) ?? 0 }]));
}

/** A tag; undefined if the lane has none with this id. */
export async function findTag(lane: Lane, id: string): Promise<TagRow | undefined> {
  return lane.rows('tags').where('id', id).first();
}

async function taskIdsOf(lane: Lane, tagId: string): Promise<string[]> {
  const rows: { task_id: string }[] = await lane.rows('task_tags').where('tag_id', tagId).select('task_id');
  return rows.map((row) => row.task_id);
}

// The names of a task's tags in the order of their keys, like `spellTags`.
const namesOfTask = `array(
  select tag.name from tasklane.task_tags as link
    join tasklane.tags as tag on tag.lane_id = link.lane_id and tag.id = link.tag_id
  where link.lane_id = tasks.lane_id and link.task_id = tasks.id
  order by tag.name_key)`;

/** Runs a change of tags and then updates the tag names of these tasks. */
async function retag(lane: WritableLane, taskIds: string[], change: () => Promise<unknown>): Promise<void> {
  const before: { id: string; tags: string[] }[] = await lane
    .rows('tasks')
    .whereRaw('id = any(?)', [taskIds])
    .select('id', 'tags');
  await change();
  const tags = new Map<string, string[]>();
  for (const chunk of chunksOf(taskIds, rowsInStatement)) {
    const after: { id: string; tags: string[] }[] = await update(
      lane.rows('tasks').whereRaw('id = any(?)', [chunk]),
      {
        tags: lane.expression(namesOfTask),
        version: lane.expression('version + 1'),
        updated_at: lane.now,
      },
    ).returning(['id', 'tags']);
    for (const row of after) tags.set(row.id, row.tags);
  }
  for (const row of before) {
    const fields = differences<{ tags: string[] }>(row, { tags: tags.get(row.id) as string[] });
    lane.changed({ type: 'task', id: row.id, action: 'updated', fields });
  }
}

async function writeTag(lane: WritableLane, current: TagRow, wanted: Partial<TagFields>): Promise<TagRow> {
  const fields = differences<TagFields>(current, wanted);
  if (Object.keys(fields).length === 0) return current;
  const [row] = await update(lane.rows('tags').where('id', current.id), {
    ...wanted,
    ...(wanted.name === undefined ? {} : { name_key: tagKey(wanted.name) }),
    version: current.version + 1,
    updated_at: lane.now,
  }).returning('*');
  lane.changed({ type: 'tag', id: current.id, action: 'updated', fields });
  return row as TagRow;
}

/** Updates a tag, also on all tasks that have it. With the name of another tag, the two are merged into that tag. */
export async function updateTag(
  lane: WritableLane,
  current: TagRow,
  wanted: { [F in keyof TagFields]?: TagFields[F] | undefined },
): Promise<TagRow> {
  const name = wanted.name === undefined ? current.name : tagName(wanted.name);
  const fields: TagFields = { name, color: wanted.color === undefined ? current.color : wanted.color };
  if (name === current.name) return writeTag(lane, current, fields);

  const namesake = await tagsNamed(lane, [tagKey(name)])
    .whereNot('id', current.id)
    .first();
  const taskIds = await taskIdsOf(lane, current.id);
  if (!namesake) {
    let row = current;
    await retag(lane, taskIds, async () => {
      row = await writeTag(lane, current, fields);
    });
    return row;
  }
  const links = (tagId: string) => lane.rows('task_tags').where('tag_id', tagId);
  await retag(lane, taskIds, async () => {
    await links(current.id)
      .whereNotIn('task_id', links(namesake.id).select('task_id'))
      .update({ tag_id: namesake.id });
    await removeTag(lane, current);
  });
  return writeTag(lane, namesake, wanted.color === undefined ? {} : { color: wanted.color });
}

async function removeTag(lane: WritableLane, row: TagRow): Promise<void> {
  await lane.rows('tags').where('id', row.id).delete();
  const fields = lastValues(row, ['name', 'color', 'created_at']);
  lane.changed({ type: 'tag', id: row.id, action: 'deleted', fields });
}

/** Removes a tag, also from all tasks that have it. */
export async function deleteTag(lane: WritableLane, row: TagRow): Promise<void> {
  await retag(lane, await taskIdsOf(lane, row.id), () => removeTag(lane, row));
}
