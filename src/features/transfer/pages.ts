/** Reads all rows of a lane, page by page. */
import type { SortKey } from '../../platform/database/keyset';
import type { Lane, UserScope } from '../../platform/database/lane';
import type { ProfileRow } from '../../platform/database/rows';
import { findProfile } from '../profile/repository';

// The same size as the largest page of a list, so that it needs no more memory.
const pageSize = 200;

/** The order of rows in exports. */
export const byId: readonly SortKey[] = [{ column: 'id', direction: 'asc' }];

/** Reads a page of at most `limit` rows after `last`, the last row of the previous page. */
export type PageReader<R> = (lane: Lane, last: R | undefined, limit: number) => Promise<R[]>;

/** A read of a lane that takes several transactions. */
export interface LongRead {
  readonly profile: ProfileRow | undefined;
  /** All rows, page by page. @throws if the lane is erased during the read */
  pages<R>(read: PageReader<R>): AsyncGenerator<R[]>;
}

/**
 * Begins to read a lane. Each page is read in its own transaction: a slow client would keep a single transaction and
 * its connection open. The epoch shows whether it is still the same lane.
 */
export async function beginReading(scope: UserScope): Promise<LongRead> {
  const profile = await scope.read(findProfile);
  return {
    profile,
    async *pages<R>(read: PageReader<R>) {
      let page: R[] = [];
      do {
        const last = page.at(-1);
        page = await scope.read(
          async (lane) => {
            const [current, rows] = await Promise.all([findProfile(lane), read(lane, last, pageSize)]);
            if (current?.epoch !== profile?.epoch) throw new Error('The lane was erased during its export.');
            return rows;
          },
          { replica: true },
        );
        yield page;
      } while (page.length === pageSize);
    },
  };
}

/** The rows of a table, ordered by id. */
export function rowsById<R extends { id: string }>(
  { pages }: LongRead,
  list: (lane: Lane, after: [id: string] | null, limit: number) => Promise<R[]>,
): AsyncGenerator<R[]> {
  return pages<R>((lane, last, limit) => list(lane, last ? [last.id] : null, limit));
}

/** The pages with each row mapped. */
export async function* mapped<R, I>(pages: AsyncIterable<R[]>, map: (row: R) => I): AsyncGenerator<I[]> {
  for await (const page of pages) yield page.map(map);
}
