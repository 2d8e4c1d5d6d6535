import { instantOf } from '../../domain/time/instant';
import type { Call, Handlers } from '../../platform/contract/http/call';
import type { CursorKey } from '../../platform/contract/pagination/cursor';
import { startOf, toPage, wrongCursor } from '../../platform/contract/pagination/page';
import { toChange } from '../changes/mapper';
import { type ChangeFilter, countChanges, listChangesBy } from '../changes/repository';

const latestFirst: readonly CursorKey[] = [{ column: 'seq', kind: 'sequence', direction: 'desc' }];

function toFilter(query: Call<'listActivity'>['query']): ChangeFilter {
  return {
    types: query.type,
    actions: query.action,
    entityId: query.entity_id,
    actors: query.actor_type,
    clientId: query.client_id,
    since: instantOf(query.since),
    until: instantOf(query.until),
  };
}

export const activityHandlers: Pick<Handlers, 'listActivity'> = {
  async listActivity(call) {
    const { cursor, limit, include_total } = call.query;
    const filter = toFilter(call.query);
    const listed = { list: [call.path.user_id, 'activity', filter], order: latestFirst };
    const after = startOf(listed, cursor);
    if (after === undefined) return call.fail('validation-failed', wrongCursor);
    const [rows, total] = await call.lane.read(
      (lane) =>
        Promise.all([
          listChangesBy(lane, { filter, order: latestFirst, after, limit: limit + 1 }),
          include_total ? countChanges(lane, filter) : null,
        ]),
      { replica: true },
    );
    const page = toPage(listed, rows, limit, call.url);
    return call.reply(
      200,
      {
        items: page.rows.map((row) => toChange(call.lane.userId, row)),
        next_cursor: page.next_cursor,
        total,
      },
      page.headers,
    );
  },
};
