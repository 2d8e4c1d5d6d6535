import { v7 as uuidv7 } from 'uuid';
import type { CursorKey } from '../contract/cursor';
import { inBody } from '../contract/faults';
import type { Handlers } from '../contract/operations';
import { startOf, toPage, wrongCursor } from '../contract/page';
import { moveNextTo, writePositions } from '../order/position';
import { deleteTask } from '../trash/repository';
import { toProject } from './mapper';
import {
  countInProjects,
  deleteProject,
  findProject,
  insertProject,
  listProjects,
  rootsIn,
  updateProject,
} from './repository';

const byPosition: readonly CursorKey[] = [
  { column: 'position', kind: 'text', direction: 'asc' },
  { column: 'id', kind: 'uuid', direction: 'asc' },
];

export const projectHandlers: Pick<
  Handlers,
  'listProjects' | 'createProject' | 'getProject' | 'updateProject' | 'deleteProject' | 'moveProject'
> = {
  async listProjects(call) {
    const { archived, cursor, limit } = call.query;
    const listed = { list: [call.path.user_id, 'projects', archived], order: byPosition };
    const after = startOf(listed, cursor);
    if (after === undefined) return call.fail('validation-failed', wrongCursor);
    const { page, counts } = await call.lane.read(async (lane) => {
      const rows = await listProjects(lane, { archived, order: byPosition, after, limit: limit + 1 });
      const page = toPage(listed, rows, limit, call.url);
      const ids = page.rows.map((row) => row.id);
      return { page, counts: await countInProjects(lane, ids) };
    });
    return call.reply(
      200,
      { items: page.rows.map(toProject), counts, next_cursor: page.next_cursor },
      page.headers,
    );
  },

  async createProject(call) {
    const { id = uuidv7(), name, ...body } = call.body;
    const row = await call.lane.write((lane) => insertProject(lane, { ...body, id, name: name.trim() }));
    if (!row) return call.fail('id-taken');
    return call.reply(201, toProject(row), {
      Location: `/api/${encodeURIComponent(row.user_id)}/projects/${row.id}`,
    });
  },

  async getProject(call) {
    const row = await call.lane.read((lane) => findProject(lane, call.path.project_id));
    return row ? call.reply(200, toProject(row)) : call.fail('project-not-found');
  },

  async updateProject(call) {
    const row = await call.lane.write(async (lane) => {
      const current = await findProject(lane, call.path.project_id);
      const name = call.body.name?.trim();
      return current && updateProject(lane, current, { ...call.body, name });
    });
    return row ? call.reply(200, toProject(row)) : call.fail('project-not-found');
  },

  async deleteProject(call) {
    const found = await call.lane.write(async (lane) => {
      const current = await findProject(lane, call.path.project_id);
      if (!current) return undefined;
      if (call.query.tasks === 'delete') {
        for (const root of await rootsIn(lane, current.id)) await deleteTask(lane, root);
      }
      await deleteProject(lane, current.id);
      return current;
    });
    return found ? call.reply(204) : call.fail('project-not-found');
  },

  async moveProject(call) {
    const side = call.body.before === undefined ? 'after' : 'before';
    const anchorId = call.body[side] as string;
    const outcome = await call.lane.write(async (lane) => {
      const current = await findProject(lane, call.path.project_id);
      if (!current) return 'not-found';
      const anchor = anchorId === current.id ? undefined : await findProject(lane, anchorId);
      if (!anchor) return anchorId === current.id ? 'cycle' : 'not-in-lane';
      const { position, others } = await moveNextTo(lane, 'projects', current, anchor, side);
      await writePositions(lane, 'projects', others);
      return updateProject(lane, current, { position });
    });
    if (outcome === 'not-found') return call.fail('project-not-found');
    if (typeof outcome === 'object') return call.reply(200, toProject(outcome));
    const detail = outcome === 'cycle' ? 'is the project itself' : 'is not in this lane';
    return call.fail('validation-failed', {
      errors: inBody([{ pointer: `/${side}`, code: outcome, detail }]),
    });
  },
};
