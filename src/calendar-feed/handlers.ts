import { createHash, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Call, Handlers, Schemas } from '../contract/operations';
import { StaleToken, type UserScope } from '../database/lane';
import { beginCalendar, endCalendar, type Property } from '../icalendar/document';
import { withTimeZones } from '../icalendar/due';
import { eventLines } from '../icalendar/event';
import { todoLines } from '../icalendar/todo';
import { settingsOf } from '../profile/settings';
import { toTask } from '../tasks/mapper';
import { listTasks, type TaskFilter } from '../tasks/repository';
import { beginReading, byId, type LongRead, mapped } from '../transfer/pages';
import { findFeed, putFeed, removeFeed } from './repository';

export interface FeedDependencies {
  /** The service's own address, as clients know it, without a slash at the end. */
  publicUrl(): string;
  /** The lane whose feed has a secret with this SHA-256; undefined if none has. */
  openFeed(secretHash: Buffer): Promise<UserScope | undefined>;
}

type Components = Call<'readCalendarFeed'>['query']['components'];

// Calendar programs decide themselves; these are what they may go by.
const name: Property[] = [
  ['x-wr-calname', {}, 'unknown', 'Tasks'],
  ['refresh-interval', {}, 'duration', 'PT1H'],
  ['x-published-ttl', {}, 'unknown', 'PT1H'],
];
const cacheControl = 'private, max-age=300';

const filters: Readonly<Record<Components, TaskFilter>> = {
  events: { status: ['pending', 'in_progress'], has: ['due_date'] },
  todos: { status: ['pending', 'in_progress'] },
};

const secretBytes = 32;

function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

async function* feedOf({ profile, pages }: LongRead, components: Components): AsyncGenerator<string> {
  const rows = pages<Parameters<typeof toTask>[0]>((lane, last, limit) =>
    listTasks(lane, { filter: filters[components], order: byId, after: last ? [last.id] : null, limit }),
  );
  const tasks = mapped(rows, toTask);
  // For programs that take a time that floats to be of some zone.
  yield beginCalendar([...name, ['x-wr-timezone', {}, 'unknown', settingsOf(profile).time_zone]]);
  yield* withTimeZones<Schemas['Task']>(tasks, components === 'events' ? eventLines : todoLines);
  yield endCalendar;
}

/** Begins to read a feed; undefined if its lane was erased at this moment. */
async function beginFeed(scope: UserScope): Promise<LongRead | undefined> {
  try {
    return await beginReading(scope);
  } catch (error) {
    if (error instanceof StaleToken) return undefined;
    throw error;
  }
}

/** Calendar feeds: making and ending them, with a token, and reading them, with their secret. */
export function calendarFeedHandlers({
  publicUrl,
  openFeed,
}: FeedDependencies): Pick<
  Handlers,
  'getCalendarFeed' | 'createCalendarFeed' | 'deleteCalendarFeed' | 'readCalendarFeed'
> {
  return {
    async getCalendarFeed(call) {
      const feed = await call.lane.read(findFeed);
      return call.reply(200, {
        active: feed !== undefined,
        created_at: feed?.created_at.toISOString() ?? null,
      });
    },

    async createCalendarFeed(call) {
      const secret = randomBytes(secretBytes).toString('base64url');
      const feed = await call.lane.write((lane) =>
        putFeed(lane, { id: uuidv7(), secret_hash: hashSecret(secret) }),
      );
      return call.reply(
        201,
        { url: `${publicUrl()}/calendar/${secret}.ics`, created_at: feed.created_at.toISOString() },
        { Location: `/api/${encodeURIComponent(call.path.user_id)}/calendar-feed` },
      );
    },

    async deleteCalendarFeed(call) {
      await call.lane.write(removeFeed);
      return call.reply(204);
    },

    async readCalendarFeed(call) {
      const scope = await openFeed(hashSecret(call.path.secret));
      const read = scope && (await beginFeed(scope));
      if (!read) return call.fail('not-found');
      return call.stream(200, feedOf(read, call.query.components), { 'Cache-Control': cacheControl });
    },
  };
}
