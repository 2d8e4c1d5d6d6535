import { instantOf } from '../../domain/time/instant';
import type { Handlers } from '../../platform/contract/http/call';
import type { CursorKey } from '../../platform/contract/pagination/cursor';
import { startOf, toPage, wrongCursor } from '../../platform/contract/pagination/page';
import { toCompletion } from './mapper';
import { listCompletions } from './repository';

const latestFirst: readonly CursorKey[] = [
  { column: 'completed_at', kind: 'instant', direction: 'desc' },
  { column: 'id', kind: 'uuid', direction: 'desc' },
];

export const completionHandlers: Pick<Handlers, 'listCompletions'> = {
  async listCompletions(call) {
    const { cursor, limit, task_id, completed_after, completed_before } = call.query;
    const filter = {
      taskId: task_id,
      completedAfter: instantOf(completed_after),
      completedBefore: instantOf(completed_before),
    };
    const listed = { list: [call.path.user_id, 'completions', filter], order: latestFirst };
    const after = startOf(listed, cursor);
    if (after === undefined) return call.fail('validation-failed', wrongCursor);
    const rows = await call.lane.read(
      (lane) => listCompletions(lane, { filter, order: latestFirst, after, limit: limit + 1 }),
      { replica: true },
    );
    const page = toPage(listed, rows, limit, call.url);
    return call.reply(
      200,
      { items: page.rows.map((row) => toCompletion(call.lane.userId, row)), next_cursor: page.next_cursor },
      page.headers,
    );
  },
};
