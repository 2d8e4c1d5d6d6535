/** Leases of the parts of the lanes: an instance leases the parts whose events it publishes. */

/** Parts with lanes that wait, those that have waited longest first. */
export const waitingParts = `
  select part from tasklane.event_positions where due_at is not null group by part order by min(due_at)`;

/** Parts that no instance has leased. */
export const freeParts = `
  select part from tasklane.event_leases where leased_until is null or leased_until <= now()`;

/**
 * Leases a part, unless another instance has leased it. `$1`: the part; `$2`: the duration in milliseconds. The end of the
 * lease, as text to the microsecond, is its fencing token.
 */
export const leasePart = `
  update tasklane.event_leases set leased_until = now() + $2::float8 * interval '1 millisecond'
  where part = $1 and (leased_until is null or leased_until <= now())
  returning leased_until::text as token`;

/** Extends a lease. It returns nothing if another instance has taken it. `$3`: the fencing token. */
export const renewLease = `
  update tasklane.event_leases set leased_until = now() + $2::float8 * interval '1 millisecond'
  where part = $1 and leased_until = $3::timestamptz
  returning leased_until::text as token`;

/** Ends a lease, unless another instance has taken it. `$2`: the fencing token. */
export const endLease = `
  update tasklane.event_leases set leased_until = null where part = $1 and leased_until = $2::timestamptz`;

/**
 * The lanes of a part that wait, those that have waited longest first. `$1`: the part; `$2`: the maximum number; `$3`: lanes
 * to leave out.
 */
export const waitingLanes = `
  select lane_id as "laneId", epoch, published::float8 as seq from tasklane.event_positions
  where part = $1 and due_at is not null and not (lane_id = any ($3::bigint[]))
  order by due_at limit $2`;
