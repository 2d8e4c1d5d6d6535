import { inBody } from '../../platform/contract/document/validation-errors';
import type { Handlers } from '../../platform/contract/http/call';
import type { CursorKey } from '../../platform/contract/pagination/cursor';
import { startOf, toPage, wrongCursor } from '../../platform/contract/pagination/page';
import { changeTag, removeTag } from './commands';
import { toTag } from './mapper';
import { countTagged, findTag, listTags } from './repository';

const byName: readonly CursorKey[] = [
  { column: 'name_key', kind: 'text', direction: 'asc' },
  { column: 'id', kind: 'uuid', direction: 'asc' },
];

export const tagHandlers: Pick<Handlers, 'listTags' | 'getTag' | 'updateTag' | 'deleteTag'> = {
  async listTags(call) {
    const { cursor, limit } = call.query;
    const listed = { list: [call.path.user_id, 'tags'], order: byName };
    const after = startOf(listed, cursor);
    if (after === undefined) return call.fail('validation-failed', wrongCursor);
    const { page, counts } = await call.lane.read(
      async (lane) => {
        const page = toPage(listed, await listTags(lane, byName, after, limit + 1), limit, call.url);
        const ids = page.rows.map((row) => row.id);
        return { page, counts: await countTagged(lane, ids) };
      },
      { replica: true },
    );
    return call.reply(
      200,
      { items: page.rows.map((row) => toTag(call.lane.userId, row)), counts, next_cursor: page.next_cursor },
      page.headers,
    );
  },

  async getTag(call) {
    const row = await call.lane.read((lane) => findTag(lane, call.path.tag_id));
    return row ? call.reply(200, toTag(call.lane.userId, row)) : call.fail('tag-not-found');
  },

  async updateTag(call) {
    const outcome = await call.lane.write((lane) => changeTag(lane, call.path.tag_id, call.body));
    if (outcome === 'not-found') return call.fail('tag-not-found');
    if ('errors' in outcome) return call.fail('validation-failed', { errors: inBody(outcome.errors) });
    return call.reply(200, toTag(call.lane.userId, outcome));
  },

  async deleteTag(call) {
    const outcome = await call.lane.write((lane) => removeTag(lane, call.path.tag_id));
    return outcome === 'not-found' ? call.fail('tag-not-found') : call.reply(204);
  },
};
