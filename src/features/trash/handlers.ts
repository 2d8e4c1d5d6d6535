import type { Handlers } from '../../platform/contract/http/call';
import type { CursorKey } from '../../platform/contract/pagination/cursor';
import { startOf, toPage, wrongCursor } from '../../platform/contract/pagination/page';
import { toProject } from '../projects/mapper';
import { toTask } from '../tasks/mapper';
import { restoreTask } from './commands';
import { toDeletedProject, toTrashItem } from './mapper';
import { findDeletedProject, listDeletedProjects, restoreProject } from './projects';
import { countTaken, findDeleted, listDeleted, purgeDeleted, purgeTask } from './repository';

const latestFirst: readonly CursorKey[] = [
  { column: 'deleted_at', kind: 'instant', direction: 'desc' },
  { column: 'id', kind: 'uuid', direction: 'desc' },
];

type TrashHandlers = Pick<
  Handlers,
  | 'listTrash'
  | 'getDeletedTask'
  | 'restoreTask'
  | 'purgeTask'
  | 'emptyTrash'
  | 'listDeletedProjects'
  | 'getDeletedProject'
  | 'restoreProject'
>;

/** The handlers of the trash. @param retentionDays days until a deleted task can be purged */
export const trashHandlers = (retentionDays: number): TrashHandlers => ({
  async listTrash(call) {
    const { cursor, limit, id_ends_with: endings } = call.query;
    const listed = { list: [call.path.user_id, 'trash', endings], order: latestFirst };
    const after = startOf(listed, cursor);
    if (after === undefined) return call.fail('validation-failed', wrongCursor);
    const { page, taken } = await call.lane.read(
      async (lane) => {
        const rows = await listDeleted(lane, latestFirst, after, limit + 1, endings);
        const page = toPage(listed, rows, limit, call.url);
        return {
          page,
          taken: await countTaken(
            lane,
            page.rows.map((row) => row.id),
          ),
        };
      },
      { replica: true },
    );
    return call.reply(
      200,
      {
        items: page.rows.map((row) =>
          toTrashItem(call.lane.userId, row, taken.get(row.id) ?? 1, retentionDays),
        ),
        next_cursor: page.next_cursor,
      },
      page.headers,
    );
  },

  async getDeletedTask(call) {
    const row = await call.lane.read((lane) => findDeleted(lane, call.path.task_id));
    return row ? call.reply(200, toTask(call.lane.userId, row)) : call.fail('task-not-found');
  },

  async restoreTask(call) {
    const row = await call.lane.write((lane) => restoreTask(lane, call.path.task_id));
    return row ? call.reply(200, toTask(call.lane.userId, row)) : call.fail('task-not-found');
  },

  async purgeTask(call) {
    const found = await call.lane.write(async (lane) => {
      const row = await findDeleted(lane, call.path.task_id);
      if (row) await purgeTask(lane, row);
      return row;
    });
    return found ? call.reply(204) : call.fail('task-not-found');
  },

  async emptyTrash(call) {
    await call.lane.write((lane) => purgeDeleted(lane));
    return call.reply(204);
  },

  async listDeletedProjects(call) {
    const { cursor, limit } = call.query;
    const listed = { list: [call.path.user_id, 'deleted-projects'], order: latestFirst };
    const after = startOf(listed, cursor);
    if (after === undefined) return call.fail('validation-failed', wrongCursor);
    const rows = await call.lane.read((lane) => listDeletedProjects(lane, latestFirst, after, limit + 1));
    const page = toPage(listed, rows, limit, call.url);
    const items = page.rows.map((row) => toDeletedProject(call.lane.userId, row, retentionDays));
    return call.reply(200, { items, next_cursor: page.next_cursor }, page.headers);
  },

  async getDeletedProject(call) {
    const row = await call.lane.read((lane) => findDeletedProject(lane, call.path.project_id));
    return row ? call.reply(200, toProject(call.lane.userId, row)) : call.fail('project-not-found');
  },

  async restoreProject(call) {
    const row = await call.lane.write((lane) => restoreProject(lane, call.path.project_id));
    return row ? call.reply(200, toProject(call.lane.userId, row)) : call.fail('project-not-found');
  },
});
