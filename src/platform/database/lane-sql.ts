/** The SQL of lanes: how their transactions begin, lock, record changes and erase. */
import { timeOfWrite, writeTime } from './lane';
import { schema } from './rows';

const scope = `${schema}.open_scope($1, $2, $3, $4, $5, $6)`;

/**
 * Makes the transaction the app role's, and sets its user, lane and timeouts. The login role runs it. `lane_id` is null if
 * the user has no lane. `stale` says whether the lane was erased since the token was issued, `cut_off` whether the user has
 * cut off one of the clients, and `use_is_due` whether the use of one of them must be recorded.
 * Values: app role, user id, token's time in seconds (or null), statement timeout in ms, transaction timeout in ms, ids of
 * clients (or null).
 */
export const openScope = `select lane_id, stale, cut_off, use_is_due from ${scope}`;

/**
 * `openScope` that fails if the lane was erased since, if a client is cut off, or if the id of the lane is not `$7`, so
 * that no later statement of its flight runs.
 */
export const openFreshScope = `
  select lane_id, stale, cut_off, use_is_due, case when stale then ${schema}.refuse('the token is stale')
    when cut_off then ${schema}.refuse('the client is cut off')
    when lane_id is distinct from $7::bigint then ${schema}.refuse('the lane has another id') end
  from ${scope}`;

/** What a write knows of the lane that it has locked. */
const locked = `delivers, require_if_match, epoch, change_seq, task_count, project_count, tag_count, webhook_count,
      storage_written, storage_correction`;

/** Assignments that add bytes to the lane's storage, and have it measured if it is then larger than `threshold`. */
const addStorage = (bytes: string, threshold: string) => `
      storage_written = storage_written + ${bytes}::bigint,
      storage_check_at = case when storage_written + storage_correction + ${bytes}::bigint > ${threshold}::bigint
        then coalesce(storage_check_at, '-infinity') else storage_check_at end`;

/**
 * Adds bytes to the lane's storage.
 * Values: lane id, the bytes, and the threshold of measuring (null for none).
 */
export const storeBytes = `
  update ${schema}.profiles set ${addStorage('$2', '$3')}
  where lane_id = $1`;

/**
 * Locks the lane's profile, so that there is one writer at a time. It returns no row if the lane has no profile yet, or if
 * `$1` is not the transaction's lane.
 */
export const lockLane = `
  select ${locked} from ${schema}.profiles where lane_id = $1 for update`;

/** Creates the profile of a lane, for the first write. Value: lane id, which must be that of the transaction. */
export const makeProfile = `
  insert into ${schema}.profiles (lane_id) values ($1) on conflict (lane_id) do nothing`;

/**
 * `lockLane` that fails if the lane does not exist or has webhooks, so that no later statement of its flight
 * runs.
 */
export const lockQuietLane = `
  with held as (
    select ${locked} from ${schema}.profiles where lane_id = $1 for update
  )
  select held.*,
    case when held.delivers is not false then ${schema}.refuse('the lane is not quiet') end
  from (values (1)) as one left join held on true`;

/** Locks the profile of a lane for a job. */
export const lockLaneForJob = `
  select delivers from ${schema}.profiles where lane_id = $1 for update`;

/**
 * Sets the time of the write, and runs directly after the lock: with the time of BEGIN, a write that waited would seem
 * older than the write that it waited for. A statement of its own, because its `set local` must not run on a shard.
 */
export const setWriteTime = `select ${schema}.set_write_time()`;

/**
 * Deletes the lane, and records when, so that older tokens no longer open it. If the user writes again, the new lane has
 * another id. Values: lane id, user id.
 */
export const eraseLane = `
  with gone as (
    delete from ${schema}.lanes where id = $1
  )
  insert into ${schema}.erased (user_hash, at) values (sha256(convert_to($2, 'UTF8')), clock_timestamp())
  on conflict (user_hash) do update set at = excluded.at`;

const jsonTime = `to_char(${writeTime} at time zone 'UTC', '\\"YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\\"')`;

/**
 * Stores changes with the next sequence numbers of the lane, and updates the lane's counts.
 * Fails if a count grows beyond its limit, or the storage beyond its own.
 * Values: lane id, four lists with one item per change (types, ids, actions, fields), the growth of the four counts and
 * of the storage, the threshold of measuring, the limits of the four counts and the storage (each null for none), and two
 * more lists with one item per change (requests, ids of clients).
 */
export const recordChanges = `
  with counter as (
    update ${schema}.profiles set change_seq = change_seq + cardinality($2::text[]),
      oldest_change_at = least(oldest_change_at, ${writeTime}),
      task_count = greatest(0, task_count + $6), project_count = greatest(0, project_count + $7),
      tag_count = greatest(0, tag_count + $8), webhook_count = greatest(0, webhook_count + $9),${addStorage('$10', '$11')}
    where lane_id = $1
    returning change_seq - cardinality($2::text[]) as before,
      coalesce(task_count > $12 or project_count > $13 or tag_count > $14 or webhook_count > $15
        or storage_written + storage_correction > $16::bigint, false) as exceeds
  )
  insert into ${schema}.changes (lane_id, seq, type, entity_id, action, fields, at, request, client_id)
  select profile.lane_id, counter.before + change.n, change.type, change.entity_id, change.action,
    replace(change.fields, '${JSON.stringify(timeOfWrite)}', ${jsonTime})::jsonb, ${writeTime},
    change.request, change.client_id
  from counter
    join ${schema}.profiles as profile on profile.lane_id = $1,
    unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $17::uuid[], $18::text[])
      with ordinality as change(type, entity_id, action, fields, request, client_id, n)
  where not counter.exceeds or ${schema}.refuse(case when counter.exceeds then 'a quota is exceeded' end)`;
