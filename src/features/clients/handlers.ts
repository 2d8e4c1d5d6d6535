import type { Handlers } from '../../platform/contract/http/call';
import type { CursorKey } from '../../platform/contract/pagination/cursor';
import { startOf, toPage, wrongCursor } from '../../platform/contract/pagination/page';
import { toClientEntry } from './mapper';
import { listClients, setCutOff } from './repository';

const lastUsedFirst: readonly CursorKey[] = [
  { column: 'last_used_at', kind: 'instant', direction: 'desc' },
  { column: 'id', kind: 'uuid', direction: 'desc' },
];

export const clientHandlers: Pick<Handlers, 'listClients' | 'cutOffClient' | 'readmitClient'> = {
  async listClients(call) {
    const { cursor, limit } = call.query;
    const listed = { list: [call.path.user_id, 'clients'], order: lastUsedFirst };
    const after = startOf(listed, cursor);
    if (after === undefined) return call.fail('validation-failed', wrongCursor);
    const rows = await call.lane.read((lane) => listClients(lane, lastUsedFirst, after, limit + 1));
    const page = toPage(listed, rows, limit, call.url);
    return call.reply(
      200,
      { items: page.rows.map(toClientEntry), next_cursor: page.next_cursor },
      page.headers,
    );
  },

  async cutOffClient(call) {
    const row = await call.lane.write((lane) => setCutOff(lane, call.path.entry_id, true));
    return row ? call.reply(200, toClientEntry(row)) : call.fail('client-not-found');
  },

  async readmitClient(call) {
    const row = await call.lane.write((lane) => setCutOff(lane, call.path.entry_id, false));
    return row ? call.reply(200, toClientEntry(row)) : call.fail('client-not-found');
  },
};
