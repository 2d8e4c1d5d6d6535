import { v7 as uuidv7 } from 'uuid';
import { inBody } from '../../platform/contract/document/validation-errors';
import type { Handlers } from '../../platform/contract/http/call';
import type { CursorKey } from '../../platform/contract/pagination/cursor';
import { startOf, toPage, wrongCursor } from '../../platform/contract/pagination/page';
import { changeProject, createProject, moveProject, removeProject } from './commands';
import { toProject } from './mapper';
import { countInProjects, findProject, listProjects, projectWithId } from './repository';

const byPosition: readonly CursorKey[] = [
  { column: 'position', kind: 'text', direction: 'asc' },
  { column: 'id', kind: 'uuid', direction: 'asc' },
];

export const projectHandlers: Pick<
  Handlers,
  'listProjects' | 'createProject' | 'getProject' | 'updateProject' | 'deleteProject' | 'moveProject'
> = {
  async listProjects(call) {
    const { id: ids, archived, cursor, limit } = call.query;
    const listed = { list: [call.path.user_id, 'projects', ids, archived], order: byPosition };
    const after = startOf(listed, cursor);
    if (after === undefined) return call.fail('validation-failed', wrongCursor);
    const { page, counts } = await call.lane.read(
      async (lane) => {
        const rows = await listProjects(lane, { ids, archived, order: byPosition, after, limit: limit + 1 });
        const page = toPage(listed, rows, limit, call.url);
        const counts = await countInProjects(
          lane,
          page.rows.map((row) => row.id),
        );
        return { page, counts };
      },
      { replica: true },
    );
    return call.reply(
      200,
      {
        items: page.rows.map((row) => toProject(call.lane.userId, row)),
        counts,
        next_cursor: page.next_cursor,
      },
      page.headers,
    );
  },

  async createProject(call) {
    const { id = uuidv7(), ...body } = call.body;
    const outcome = await call.lane.write((lane) => createProject(lane, { ...body, id }));
    if (outcome === 'id-taken')
      return call.fail('id-taken', await call.lane.read((lane) => projectWithId(lane, id)));
    return call.reply(201, toProject(call.lane.userId, outcome), {
      Location: `/api/${encodeURIComponent(call.lane.userId)}/projects/${outcome.id}`,
    });
  },

  async getProject(call) {
    const row = await call.lane.read((lane) => findProject(lane, call.path.project_id));
    return row ? call.reply(200, toProject(call.lane.userId, row)) : call.fail('project-not-found');
  },

  async updateProject(call) {
    const outcome = await call.lane.write((lane) => changeProject(lane, call.path.project_id, call.body));
    if (outcome === 'not-found') return call.fail('project-not-found');
    if ('errors' in outcome) return call.fail('validation-failed', { errors: inBody(outcome.errors) });
    return call.reply(200, toProject(call.lane.userId, outcome));
  },

  async deleteProject(call) {
    const { path, query } = call;
    const outcome = await call.lane.write((lane) => removeProject(lane, path.project_id, query.tasks));
    return outcome === 'not-found' ? call.fail('project-not-found') : call.reply(204);
  },

  async moveProject(call) {
    const outcome = await call.lane.write((lane) => moveProject(lane, call.path.project_id, call.body));
    if (outcome === 'not-found') return call.fail('project-not-found');
    if ('errors' in outcome) return call.fail('validation-failed', { errors: inBody(outcome.errors) });
    return call.reply(200, toProject(call.lane.userId, outcome));
  },
};
