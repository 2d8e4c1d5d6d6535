import type { PeerMessage } from '../../../src/platform/workers/messages';
import { shareState } from '../../../src/platform/workers/peers';

/** Two workers whose messages arrive at once. */
function twoWorkers() {
  const listeners: ((message: PeerMessage) => void)[] = [];
  const sent: PeerMessage[] = [];
  const make = () => {
    const own = { changed: [] as string[], active: 0 };
    const number = listeners.length;
    const peers = {
      broadcast(message: PeerMessage) {
        sent.push(message);
        for (const [n, listener] of listeners.entries()) if (n !== number) listener(message);
      },
      onMessage: (listener: (message: PeerMessage) => void) => void listeners.push(listener),
    };
    const shared = shareState(peers, {
      changed: (userId) => void own.changed.push(userId),
      noteActivity: () => void own.active++,
    });
    return { own, shared };
  };
  return { one: make(), other: make(), sent };
}

const nextTurn = () => new Promise(setImmediate);

test('changes of one turn reach the other worker together, each user once', async () => {
  const { one, other, sent } = twoWorkers();
  for (const userId of ['ada', 'grace', 'ada']) one.shared.changed(userId);
  expect(one.own.changed).toEqual(['ada', 'grace', 'ada']);
  expect(other.own.changed).toEqual([]);
  await nextTurn();
  expect(other.own.changed).toEqual(['ada', 'grace']);
  expect(sent).toHaveLength(1);
  one.shared.changed('ada');
  await nextTurn();
  expect(other.own.changed).toEqual(['ada', 'grace', 'ada']);
  // What a worker hears from another one is not sent on.
  expect(sent).toHaveLength(2);
});

test('a message names at most 1,000 users', async () => {
  const { one, other } = twoWorkers();
  for (let n = 0; n < 1_500; n++) one.shared.changed(`user-${n}`);
  await nextTurn();
  expect(other.own.changed).toHaveLength(1_000);
});

test('activity reaches the other worker, but not for each request', () => {
  const { one, other, sent } = twoWorkers();
  for (let n = 0; n < 100; n++) one.shared.noteActivity();
  expect(one.own.active).toBe(100);
  expect(other.own.active).toBe(1);
  expect(sent).toEqual([{ kind: 'active' }]);
});
