/**
 * The storage of lanes, in bytes. Each write adds an estimate of the bytes that it stores to `storage_written` of the
 * lane's profile. A job measures large lanes and sets `storage_correction`, so that the sum of both is right again.
 */
import type { Change, ChangeAuthor, Lane } from './lane';
import type { CountedChange } from './quotas';
import type { LaneTables } from './rows';

// The bytes of a row besides its values: the header (24), the pointer in the page (4), the id of the lane (8) and the
// padding of columns.
const rowOverhead = 44;
// A value that is not known here, such as a default or an expression, or a fixed one such as an instant.
const fixedBytes = 16;

function bytesOfValue(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 4;
  if (Buffer.isBuffer(value)) return value.length + 4;
  if (Array.isArray(value)) return value.reduce((sum, each) => sum + bytesOfValue(each), 24);
  return value === null ? 0 : fixedBytes;
}

/** An estimate of the bytes of a row to insert. It is seldom too low. */
export function bytesOfRow(row: object): number {
  return Object.values(row).reduce((sum, value) => sum + bytesOfValue(value), rowOverhead);
}

/** A change that is stored when its write commits. */
export interface PendingChange extends Omit<Change, 'fields'>, CountedChange, ChangeAuthor {
  /** The fields as JSON. */
  readonly json: string;
}

/**
 * Makes a change ready to be stored, with an estimate of the bytes that it adds to the lane. The estimate is twice the
 * row in the history, because the entity may grow by its new values and their search index.
 */
export function toPendingChange({ fields, ...change }: Change, author: ChangeAuthor): PendingChange {
  const json = JSON.stringify(fields);
  const bytes =
    2 * Buffer.byteLength(json) +
    rowOverhead +
    80 +
    bytesOfValue(author.request) +
    bytesOfValue(author.clientId);
  // A field that is null can be emptied again only after a write that the quota limits.
  const empties = change.action === 'updated' && Object.values(fields).every(({ to }) => to === null);
  return {
    ...change,
    ...author,
    json,
    bytes,
    frees: empties || change.action === 'deleted' || change.action === 'purged',
  };
}

interface StoredTable<Row> {
  /** The primary key after `lane_id`. */
  readonly key: readonly (keyof Row & string)[];
  /** The bytes of the columns with a fixed size. */
  readonly fixed: number;
  /** The columns without a fixed size. */
  readonly varying: readonly (keyof Row & string)[];
}

// The profile, the calendar feed and the position of events are one small row each.
type MeasuredTable = Exclude<keyof LaneTables, 'profiles' | 'calendar_feeds' | 'event_positions'>;

const measuredTables: { readonly [T in MeasuredTable]: StoredTable<LaneTables[T]> } = {
  tasks: {
    key: ['id'],
    fixed: 180,
    varying: [
      'title',
      'description',
      'status',
      'priority',
      'position',
      'tags',
      'due_time',
      'time_zone',
      'start_time',
      'rrule',
      'recurrence_start_time',
      'excluded_dates',
      'repeat_from',
      'reminders',
      'links',
      'search',
    ],
  },
  task_tags: { key: ['tag_id', 'task_id'], fixed: 32, varying: [] },
  reminders: { key: ['task_id', 'identity'], fixed: 32, varying: ['identity'] },
  completions: {
    key: ['id'],
    fixed: 48,
    varying: [
      ...(['title', 'due_time', 'time_zone', 'start_time', 'rrule', 'status'] as const),
      ...(['next_due_time', 'reopened', 'moved'] as const),
    ],
  },
  purged_completions: { key: ['task_id', 'completed_at'], fixed: 28, varying: [] },
  projects: { key: ['id'], fixed: 40, varying: ['name', 'color', 'position'] },
  deleted_projects: { key: ['id'], fixed: 48, varying: ['name', 'color', 'position', 'roots'] },
  tags: { key: ['id'], fixed: 40, varying: ['name', 'name_key', 'color'] },
  changes: { key: ['seq'], fixed: 48, varying: ['type', 'action', 'fields', 'client_id'] },
  // At most 200 small rows and those that are cut off, so they are counted only when the lane is measured.
  clients: { key: ['id'], fixed: 40, varying: ['client_id', 'name', 'scopes'] },
  webhooks: {
    key: ['id'],
    fixed: 100,
    varying: ['url', 'description', 'events', 'disabled_reason', 'secret', 'previous_secret'],
  },
  webhook_deliveries: {
    key: ['id'],
    fixed: 116,
    varying: ['event', 'fields', 'state', 'attempts', 'client_id'],
  },
  idempotency_keys: {
    key: ['operation', 'key_hash'],
    fixed: 16,
    varying: ['operation', 'key_hash', 'fingerprint', 'headers', 'body'],
  },
};

/** The tables whose rows count as a lane's storage. */
export const tablesWithStorage = Object.keys(measuredTables) as MeasuredTable[];

/** A part of a table: its bytes, and the key of its last row; null if no rows follow. */
export interface MeasuredPart {
  readonly bytes: number;
  readonly last: readonly unknown[] | null;
}

/**
 * Measures at most `limit` rows of a table, after the row with the key `after`. Values that Postgres stores compressed
 * or outside of the row count as they are stored; they are not read.
 */
export async function measurePart(
  lane: Lane,
  table: MeasuredTable,
  after: readonly unknown[] | null,
  limit: number,
): Promise<MeasuredPart> {
  const { key, fixed, varying } = measuredTables[table];
  const compare = (operator: string) => `(${key.join(', ')}) ${operator} (${key.map(() => '?').join(', ')})`;
  const remaining = () => {
    const query = lane.rows(table);
    return after ? query.whereRaw(compare('>'), after as never) : query;
  };
  const order = key.map((column) => ({ column }));
  const last: Record<string, unknown> | undefined = await remaining()
    .orderBy(order)
    .offset(limit - 1)
    .first(...(key as never[]));
  const end = last ? key.map((column) => last[column]) : null;
  const part = end ? remaining().whereRaw(compare('<='), end as never) : remaining();
  const sizes = [rowOverhead + fixed, ...varying.map((column) => `coalesce(pg_column_size(${column}), 0)`)];
  const sum = lane.expression(`coalesce(sum(${sizes.join(' + ')}), 0) as bytes`);
  const [row]: { bytes: string }[] = await part.select(sum);
  return { bytes: Number(row?.bytes), last: end };
}
