import { toChange } from '../changes/mapper';
import { listChanges } from '../changes/repository';
import type { Handlers } from '../contract/operations';
import type { Lane } from '../database/lane';
import type { ChangeRow, TaskRow } from '../database/rows';
import { toProfile } from '../profile/mapper';
import { findProfile } from '../profile/repository';
import { toTask } from '../tasks/mapper';
import { listTasks } from '../tasks/repository';

// As many as a list's largest page, for the same memory.
const pageSize = 200;

/** All rows, a page at a time; `read` gets the last row of the page before. */
async function* pagesOf<R>(read: (last: R | undefined) => Promise<R[]>): AsyncGenerator<R[]> {
  let page: R[] = [];
  do {
    page = await read(page.at(-1));
    yield page;
  } while (page.length === pageSize);
}

async function* mapped<R, I>(pages: AsyncIterable<R[]>, map: (row: R) => I): AsyncGenerator<I[]> {
  for await (const page of pages) yield page.map(map);
}

export const transferHandlers: Pick<Handlers, 'exportLane'> = {
  async exportLane(call) {
    const profile = await call.lane.read(findProfile);

    // Each page is a transaction of its own: one for all would keep its connection for as long as a client cares to
    // take. The epoch tells whether it is still the same lane.
    const read = <R>(list: (lane: Lane) => Promise<R[]>): Promise<R[]> =>
      call.lane.read(async (lane) => {
        const [current, rows] = await Promise.all([findProfile(lane), list(lane)]);
        if (current?.epoch !== profile?.epoch) throw new Error('The lane was erased during its export.');
        return rows;
      });
    const tasks = pagesOf((last: TaskRow | undefined) =>
      read((lane) =>
        listTasks(lane, {
          filter: {},
          order: [{ column: 'id', direction: 'asc' }],
          after: last ? [last.id] : null,
          limit: pageSize,
        }),
      ),
    );
    const changes = pagesOf((last: ChangeRow | undefined) =>
      read((lane) => listChanges(lane, Number(last?.seq ?? 0), pageSize)),
    );

    const exported_at = new Date().toISOString();
    return call.stream(
      200,
      {
        format: 'tasklane-export',
        version: 1,
        exported_at,
        profile: toProfile(call.path.user_id, profile),
        tasks: mapped(tasks, toTask),
        changes: mapped(changes, toChange),
      },
      { 'Content-Disposition': `attachment; filename="tasklane-${exported_at.slice(0, 10)}.json"` },
    );
  },
};
