import { hash, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Handlers } from '../../platform/contract/http/call';
import { StaleToken, type UserScope } from '../../platform/database/lane';
import { beginReading, type LongRead } from '../transfer/pages';
import { feedOf } from './calendar';
import { findFeed, putFeed, removeFeed } from './repository';
import { feedTag } from './tag';

export interface FeedDependencies {
  /** The public URL of the service, without a slash at the end. */
  publicUrl(): string;
  /** Opens the lane whose calendar feed has a secret with this SHA-256 hash; undefined if there is none. */
  openFeed(secretHash: Buffer): Promise<UserScope | undefined>;
}

const cacheControl = 'private, max-age=300';

const secretBytes = 32;

function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** Begins to read a calendar feed; undefined if its lane was erased at this moment. */
async function beginFeed(scope: UserScope): Promise<LongRead | undefined> {
  try {
    return await beginReading(scope);
  } catch (error) {
    if (error instanceof StaleToken) return undefined;
    throw error;
  }
}

/** The handlers of calendar feeds. Creating and removing a feed requires a token; reading it requires its secret. */
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
      if (!scope || !read?.profile) return call.fail('not-found');
      return call.stream(200, feedOf(scope.userId, read, call.query), {
        ETag: await feedTag(read.profile, call.query),
        'Cache-Control': cacheControl,
      });
    },
  };
}
