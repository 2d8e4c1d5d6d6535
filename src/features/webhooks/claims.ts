/** Which webhooks an instance takes on next: in fair order between users, and none holds more than a share. */
import type { Lease } from './repository';

export interface Claim extends Lease {
  readonly userId: string;
  /** Whether its receiver has not confirmed, or took nothing the last time: it may hold its slot for all the time there is. */
  readonly unproven: boolean;
}

// However many are due, a claim looks at no more.
const lookedAt = 1_000;

/**
 * Claims webhooks that have something due; another instance has what is locked, or is about what is leased. `$1`: how many;
 * `$2`: the lease's milliseconds; `$3`, `$4`: users and how many slots they hold; `$5`: how many a user may hold; `$6`: how
 * many unproven ones may be taken on.
 */
export const claimDue = `
  with busy as (
    select * from unnest($3::text[], $4::int[]) as busy(user_id, held)
  ), waiting as (
    select user_id, id, due_at, verified_at is null or failures > 0 as unproven from tasklane.webhooks
    where due_at <= now() and (leased_until is null or leased_until <= now())
      and user_id not in (select user_id from busy where held >= $5::int)
      and ($6::int > 0 or (verified_at is not null and failures = 0))
    order by due_at limit ${lookedAt}
  ), turns as (
    select waiting.*,
      coalesce(held, 0) + row_number() over (partition by user_id order by unproven, due_at) as turn
    from waiting left join busy using (user_id)
  ), ranked as (
    select *, row_number() over (partition by unproven order by turn, due_at) as rank from turns where turn <= $5::int
  ), chosen as (
    select user_id, id from ranked where not unproven or rank <= $6::int order by turn, due_at limit $1
  ), due as (
    select user_id, id from tasklane.webhooks
    where (user_id, id) in (select user_id, id from chosen)
      and due_at <= now() and (leased_until is null or leased_until <= now())
    for update skip locked
  )
  update tasklane.webhooks as webhook
  set leased_until = now() + $2::float8 * interval '1 millisecond'
  from due
  where webhook.user_id = due.user_id and webhook.id = due.id
  returning webhook.user_id as "userId", webhook.id, webhook.leased_until::text as "leasedUntil",
    webhook.verified_at is null or webhook.failures > 0 as unproven`;

/** The values for `claimDue` that fill the free slots of `concurrency` beside those that are held. */
export function claimValues(
  held: readonly Claim[],
  { concurrency, leaseMs }: { concurrency: number; leaseMs: number },
): unknown[] {
  const ofUser = new Map<string, number>();
  for (const { userId } of held) ofUser.set(userId, (ofUser.get(userId) ?? 0) + 1);
  // It takes four users to hold all slots, and receivers that may hang leave half of them to those that answer.
  const share = Math.max(1, Math.floor(concurrency / 4));
  const unproven = Math.max(1, Math.floor(concurrency / 2)) - held.filter((each) => each.unproven).length;
  const free = concurrency - held.length;
  return [free, leaseMs, [...ofUser.keys()], [...ofUser.values()], share, Math.max(0, unproven)];
}
