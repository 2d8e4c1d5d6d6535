import {
  createShares,
  jobsOwner,
  ownerOf,
  PoolBusy,
  platformOwner,
} from '../../../src/platform/database/shares';

const limits = { total: 4, perUser: 4, waitMs: 1_000 };
const oneTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1);
const [ada, bob, eve] = ['ada', 'bob', 'eve'].map(ownerOf) as [string, string, string];

/** Waits until all pending work that can start has started. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A queue, and the order of entries; each entry leaves on request. */
function watch(options: Partial<typeof limits> = {}) {
  const shares = createShares({ ...limits, ...options });
  const entered: string[] = [];
  const leave: (() => void)[] = [];
  const enter = (owner: string) =>
    shares.enter(owner).then(
      (release) => {
        entered.push(owner);
        leave.push(release);
      },
      // Entries that still wait at the end of the test are rejected later.
      () => undefined,
    );
  return { shares, entered, leave, enter };
}

test('gives one owner at most half of the connections', async () => {
  const { entered, enter } = watch();
  for (const owner of [ada, jobsOwner]) for (const _ of oneTo(4)) void enter(owner);
  await settled();
  expect(entered.toSorted()).toEqual([jobsOwner, jobsOwner, ada, ada]);
});

test('gives a user at most as many as are configured', async () => {
  const { entered, enter } = watch({ total: 20, perUser: 3 });
  for (const _ of oneTo(10)) void enter(ada);
  await settled();
  expect(entered).toHaveLength(3);
});

test('gives each owner a turn before any owner gets a second', async () => {
  const { entered, leave, enter } = watch({ total: 1 });
  for (const owner of [ada, ada, ada, ada, bob, bob, eve, jobsOwner]) void enter(owner);
  await settled();
  while (leave.length > 0) {
    leave.shift()?.();
    await settled();
  }
  expect(entered).toEqual([ada, ada, bob, eve, jobsOwner, ada, bob, ada]);
});

test('serves requests of the platform before requests of users', async () => {
  const { entered, leave, enter } = watch({ total: 1 });
  for (const owner of [ada, bob, eve, platformOwner]) void enter(owner);
  await settled();
  leave.shift()?.();
  await settled();
  expect(entered).toEqual([ada, platformOwner]);
});

test('rejects a request that has waited too long, and serves the others', async () => {
  const { shares, leave, enter, entered } = watch({ total: 1, waitMs: 20 });
  await enter(ada);
  await expect(shares.enter(bob)).rejects.toThrow(PoolBusy);
  leave.shift()?.();
  await enter(eve);
  expect(entered).toEqual([ada, eve]);
});

test('rejects a request at once if the queue of its owner is full', async () => {
  const { shares, enter, entered } = watch({ total: 2 });
  for (const _ of oneTo(101)) void enter(ada);
  await expect(shares.enter(ada)).rejects.toThrow(PoolBusy);
  await enter(bob);
  expect(entered).toEqual([ada, bob]);
});

test('releases a connection once, even if it is released several times', async () => {
  const { entered, leave, enter } = watch({ total: 1 });
  await enter(ada);
  const [release] = leave;
  release?.();
  release?.();
  for (const owner of [bob, eve]) void enter(owner);
  await settled();
  expect(entered).toEqual([ada, bob]);
});
