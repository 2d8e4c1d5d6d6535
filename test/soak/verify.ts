/** Compares what the service says in the end with the model of a lane. */

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Body } from '../support/api';
import { copyLane } from '../support/lane-copy';
import type { Answer, Fail } from './client';
import { describeChange, type Entity, hasHistory } from './model';
import { type Copier, type Follower, type Hook, summaryOf } from './observers';

export interface Lane {
  readonly userId: string;
  readonly token: string;
  readonly entities: readonly Entity[];
  readonly follower: Follower;
  readonly copier: Copier;
  /** The webhook of the lane, and the position of the lane after it was created; null without one. */
  readonly hook: { readonly id: string; readonly received: Hook; readonly since: number } | null;
  get(path: string): Promise<Answer>;
  post(path: string): Promise<Answer>;
  /** The address of an instance. */
  readonly base: () => string;
}

/** What was verified of a lane. */
export interface Verified {
  readonly entities: number;
  readonly changes: number;
  readonly messages: number;
  readonly repeatedMessages: number;
}

const deadlineMs = 60_000;
const hookDeadlineMs = 90_000;
/** The number of looks at the messages, 200 ms apart. */
const redeliverAfter = 75;

/** Repeats a request until it succeeds: connections that were broken while idle fail at their next use. */
async function read(lane: Lane, path: string): Promise<Body> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const { status, body } = await lane.get(path);
    if (status === 200) return body;
    if (performance.now() > end)
      throw new Error(`GET ${path} of ${lane.userId} was answered with ${status}.`);
    await sleep(200);
  }
}

/** All items of a list. */
async function readAll(lane: Lane, path: string): Promise<Body[]> {
  const items: Body[] = [];
  let cursor: string | null = null;
  do {
    const next: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Body = await read(lane, `${path}limit=200${next}`);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return items;
}

/** Checks a lane after the last write. Reports everything that is wrong. */
export async function verifyLane(lane: Lane, fail: Fail): Promise<Verified> {
  const { userId, entities, follower, copier, hook } = lane;
  const history = (await readAll(lane, '/activity?')).reverse();
  history.forEach(({ seq }, n) => {
    if (seq !== n + 1) fail(`The history of ${userId} has change ${seq} at position ${n + 1}.`);
  });
  checkHistory(lane, history, fail);

  await follower.reach(history.length, deadlineMs);
  const wrong = follower.changes.findIndex((each, n) => each !== summaryOf(history[n]));
  if (wrong !== -1) {
    fail(
      `The event stream of ${userId} sent "${follower.changes[wrong]}", and the history has "${history[wrong] && summaryOf(history[wrong])}".`,
    );
  }

  const tasks = await readAll(lane, '/tasks?');
  const projects = await readAll(lane, '/projects?');
  const trash = (await readAll(lane, '/trash?')).map(({ task }) => task);
  checkLists(lane, { tasks, projects, trash }, fail);

  const fresh = copyLane(lane.base, userId, lane.token);
  await until(() => fresh.catchUp());
  await until(() => copier.copy.catchUp());
  if (!isDeepStrictEqual(copier.copy.entities(), fresh.entities())) {
    fail(
      `The copy of ${userId} differs from a new one: ${differences(copier.copy.entities(), fresh.entities())}`,
    );
  }
  const copied = Object.values(fresh.entities()).filter((each) => (each as Body)?.title !== undefined);
  const byId = new Map(copied.map((each) => [(each as Body).id, each]));
  for (const task of tasks) {
    if (!isDeepStrictEqual(byId.get(task.id), task))
      fail(`The copy of ${userId} has another task ${task.id}.`);
  }

  const messages = hook ? await checkHook(lane, hook, history, tasks, fail) : [];
  return {
    entities: entities.length,
    changes: history.length,
    messages: messages.length,
    repeatedMessages: messages.filter((times) => times > 1).length,
  };
}

/** Repeats work that can fail once for each broken connection. */
async function until(work: () => Promise<void>): Promise<void> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(200);
    }
  }
}

function differences(
  one: Readonly<Record<string, unknown>>,
  other: Readonly<Record<string, unknown>>,
): string {
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return keys
    .filter((key) => !isDeepStrictEqual(one[key], other[key]))
    .slice(0, 5)
    .join(', ');
}

/** Each write must be in the history exactly once, and nothing else. */
function checkHistory({ userId, entities }: Lane, history: readonly Body[], fail: Fail): void {
  const found = new Map<string, string[]>();
  for (const change of history) {
    if (change.type !== 'task' && change.type !== 'project') continue;
    const what = describeChange(change);
    if (what !== undefined) found.set(change.entity_id, [...(found.get(change.entity_id) ?? []), what]);
  }
  for (const entity of entities) {
    const changes = found.get(entity.id) ?? [];
    found.delete(entity.id);
    if (!entity.isBroken && !hasHistory(entity, changes)) {
      fail(
        `The history of ${entity.type} ${entity.id} of ${userId} is ${JSON.stringify(changes)}, not ` +
          `${JSON.stringify(entity.changes)}${entity.isUncertain ? ' with or without the last one' : ''}.`,
      );
    }
  }
  for (const [id, changes] of found) fail(`${userId} has not made ${id}, which has the history ${changes}.`);
}

type Lists = { readonly tasks: Body[]; readonly projects: Body[]; readonly trash: Body[] };

/** Each entity must be where the model has it, as the model has it. */
function checkLists({ userId, entities }: Lane, { tasks, projects, trash }: Lists, fail: Fail): void {
  const places = [
    ...tasks.map((each) => [each, 'lane'] as const),
    ...projects.map((each) => [each, 'lane'] as const),
    ...trash.map((each) => [each, 'trash'] as const),
  ];
  const found = new Map(places.map(([each, place]) => [each.id, { each, place }]));
  if (found.size !== places.length) fail(`The lists of ${userId} have an entity twice.`);
  for (const entity of entities) {
    if (entity.isUncertain || entity.isBroken) continue;
    const { each, place = 'gone' } = found.get(entity.id) ?? {};
    const isRight =
      place === entity.place &&
      (!each ||
        ((each.title ?? each.name) === entity.title &&
          (entity.type === 'project' || (each.status === 'completed') === entity.completed) &&
          (entity.due === null || each.due_date === entity.due)));
    if (!isRight) {
      fail(`${userId} has ${JSON.stringify(each)} in ${place}, not ${JSON.stringify(entity)}.`);
    }
  }
}

const toldTypes = new Set(['task', 'project', 'tag', 'completion', 'profile']);

/**
 * Sends the deliveries again that wait for their next attempt. A delivery that failed three times waits 5 minutes, which is longer
 * than the test.
 */
async function redeliver(lane: Lane, id: string): Promise<void> {
  for (const delivery of await readAll(lane, `/webhooks/${id}/deliveries?state=pending&`)) {
    await lane.post(`/webhooks/${id}/deliveries/${delivery.id}/redeliver`);
  }
}

/** Each change must have arrived at least once, and the latest messages must show the tasks of the lane. */
async function checkHook(
  lane: Lane,
  { id, received, since }: NonNullable<Lane['hook']>,
  history: readonly Body[],
  tasks: readonly Body[],
  fail: Fail,
): Promise<number[]> {
  const { userId } = lane;
  const expected = history.filter(({ seq, type }) => seq > since && toldTypes.has(type));
  const missing = () => expected.filter(({ seq }) => !received.seqs.has(seq));
  const end = performance.now() + hookDeadlineMs;
  for (let n = 1; missing().length > 0 && performance.now() < end; n++) {
    await sleep(200);
    if (n % redeliverAfter === 0) await redeliver(lane, id);
  }
  if (missing().length > 0) {
    fail(
      `The webhook of ${userId} lacks ${missing().length} of ${expected.length} changes, such as ` +
        `${missing().slice(0, 10).map(summaryOf).join('; ')}.`,
    );
  }
  const known = new Set(history.map(({ seq }) => seq));
  const unknown = [...received.seqs.keys()].filter((seq) => !known.has(seq));
  if (unknown.length > 0) fail(`The webhook of ${userId} got changes ${unknown} that do not exist.`);
  for (const task of tasks) {
    const shown = received.tasks.get(task.id);
    if (shown && shown.version !== task.version) {
      fail(
        `The webhook of ${userId} showed version ${shown.version} of ${task.id}, which has ${task.version}.`,
      );
    }
  }
  return [...received.seqs.values()];
}
