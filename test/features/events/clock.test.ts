/** Tests which lanes are searched for new changes, and when. */
import { createSearchPlan } from '../../../src/features/events/clock';
import type { LaneStreams } from '../../../src/features/events/registry';

const second = 1_000;
const minute = 60 * second;

/** A lane that got its stream at `usedAt`. */
const laneOf = (userId: string, usedAt: number) => ({ userId, usedAt }) as LaneStreams;

/** The searches of a quarter of an hour with a tick every half second: when, and for how many lanes. */
function searches(
  lanes: readonly LaneStreams[],
  isAnnounced: (now: number) => boolean,
): { at: number; lanes: number }[] {
  let now = 0;
  const plan = createSearchPlan({ idlePollMs: 5 * second, isAnnounced: () => isAnnounced(now) });
  const found = [];
  for (; now < 15 * minute; now += 500) {
    const chosen = plan.choose(lanes, now);
    if (chosen.length > 0) found.push({ at: now, lanes: chosen.length });
  }
  return found;
}

const never = () => false;

test('lanes of idle users are searched together every five seconds', () => {
  const found = searches([laneOf('ada', -minute), laneOf('bob', -minute)], never);
  expect(found).toHaveLength((15 * 60) / 5);
  expect(new Set(found.map(({ lanes }) => lanes))).toEqual(new Set([2]));
});

test('the lane of an active user is searched at each tick, for a minute', () => {
  const found = searches([laneOf('ada', 0), laneOf('bob', -minute)], never);
  const inFirstMinute = found.filter(({ at }) => at < minute);
  expect(inFirstMinute).toHaveLength(120);
  expect(inFirstMinute.filter(({ lanes }) => lanes === 1)).toHaveLength(120 - 60 / 5);
  expect(found).toHaveLength(120 + (14 * 60) / 5);
});

test('while other processes send wake-ups, all lanes are searched every five seconds', () => {
  const lanes = [laneOf('ada', 0), laneOf('bob', 0)];
  expect(searches(lanes, () => true)).toHaveLength((15 * 60) / 5);
  // Without wake-ups after ten seconds, the lanes are those of active users again.
  const found = searches(lanes, (now) => now < 10 * second);
  expect(found.filter(({ at }) => at < minute)).toHaveLength(2 + 100);
});

test('a hint for all lanes makes the next search one of all lanes', () => {
  const plan = createSearchPlan({ idlePollMs: minute, isAnnounced: () => true });
  const lanes = [laneOf('ada', 0)];
  expect(plan.choose(lanes, 0)).toEqual(lanes);
  expect(plan.choose(lanes, second)).toEqual([]);
  plan.searchAll();
  expect(plan.choose(lanes, 2 * second)).toEqual(lanes);
  expect(plan.choose(lanes, 3 * second)).toEqual([]);
});
