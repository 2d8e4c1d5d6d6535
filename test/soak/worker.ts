/** A user's client: it writes its own tasks and projects, repeats what had no answer, and reads what it wrote. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Answer, type Fail, type SoakClient, text } from './client';
import { type Entity, etagOf, newEntity } from './model';

export interface WorkerOptions {
  readonly userId: string;
  readonly client: SoakClient;
  readonly token: () => Promise<string>;
  readonly random: () => number;
  /** The names of the tags of the user. */
  readonly tags: readonly string[];
  readonly pauseMs: number;
  readonly fail: Fail;
  /** Called with each acknowledged write. */
  readonly acknowledged: (repeated: boolean) => void;
  readonly isOver: () => boolean;
}

export interface Worker {
  readonly entities: readonly Entity[];
  readonly done: Promise<void>;
}

interface Write {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** Without a key, a repeated request is recognized by its answer. */
  readonly key?: string | undefined;
  readonly ifMatch?: string | undefined;
  readonly status: number;
  /** Whether this answer to a repeated request means that an earlier one was carried out. */
  readonly isDone?: (answer: Answer) => boolean;
  readonly canGiveUp?: boolean;
}

type Outcome =
  | { readonly kind: 'done'; readonly answer: Answer; readonly isAmbiguous: boolean }
  | { readonly kind: 'unknown' | 'bad' };

const retryMs = 150;
const entityLimit = 30;
// A request that is repeated for longer than this fails the run: all faults are shorter.
const patienceMs = 90_000;

const nextDay = (date: string) => new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10);

export function startWorker(options: WorkerOptions): Worker {
  const { userId, client, random, tags, pauseMs, fail, acknowledged, isOver } = options;
  const entities: Entity[] = [];
  const chance = (share: number) => random() < share;
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  const lane = `/api/${userId}`;
  const newTitle = () => `Task ${randomUUID().slice(0, 18)}`;

  async function sendOnce({ method, path, body, key, ifMatch }: Write): Promise<Answer> {
    return client.send({
      userId,
      token: await options.token(),
      method,
      path: lane + path,
      body,
      headers: { ...(key && { 'Idempotency-Key': key }), ...(ifMatch && { 'If-Match': ifMatch }) },
      cutMs: chance(0.02) ? 1 + random() * 60 : undefined,
      random,
    });
  }

  async function write(request: Write): Promise<Outcome> {
    const began = performance.now();
    let isAmbiguous = false;
    for (;;) {
      const answer = await sendOnce(request);
      const { status, body } = answer;
      if (status === request.status) {
        acknowledged(isAmbiguous);
        if (request.key && chance(0.05)) await repeat(request, answer);
        return { kind: 'done', answer, isAmbiguous };
      }
      if (isAmbiguous && request.isDone?.(answer)) {
        acknowledged(true);
        return { kind: 'done', answer, isAmbiguous };
      }
      const isTemporary = status === null || status === 503 || body?.code === 'request-in-flight';
      if (!isTemporary) {
        fail(`${request.method} ${lane}${request.path} was answered with ${status}: ${text(body)}`);
        return { kind: 'bad' };
      }
      isAmbiguous = true;
      if (request.canGiveUp && chance(0.03)) return { kind: 'unknown' };
      if (performance.now() - began > patienceMs) {
        fail(`${request.method} ${lane}${request.path} had no success for ${patienceMs} ms.`);
        return { kind: 'bad' };
      }
      await sleep(retryMs);
    }
  }

  /** Sends a request with a key again after its answer: the answer must be the same. */
  async function repeat(request: Write, first: Answer): Promise<void> {
    const again = await sendOnce(request);
    if (again.status === null || again.status === 503) return;
    const isSame = again.status === first.status && isDeepStrictEqual(again.body, first.body);
    if (isSame && again.headers['idempotency-replayed'] === 'true') return;
    fail(
      `A repeated ${request.method} ${lane}${request.path} was answered with ${again.status}: ${text(again.body)}`,
    );
  }

  /** Records a write in the model. */
  function settle(entity: Entity, outcome: Outcome, change: string, apply: (entity: Entity) => void): void {
    entity.changes.push(change);
    if (outcome.kind !== 'done') {
      if (outcome.kind === 'bad') entity.isBroken = true;
      else entity.isUncertain = true;
      return;
    }
    apply(entity);
    const { headers, body } = outcome.answer;
    // The answer of a precondition that failed has the entity in `current`.
    const shown = body?.current ?? body;
    entity.etag = shown?.version === undefined ? headers.etag : etagOf(shown);
  }

  const ofType = (type: Entity['type'], place: Entity['place']) =>
    entities.filter(
      (each) => each.type === type && each.place === place && !each.isUncertain && !each.isBroken,
    );
  const someTask = () => pick(ofType('task', 'lane'));
  const somePlain = () => pick(ofType('task', 'lane').filter(({ due }) => due === null));
  const someRecurring = () =>
    pick(ofType('task', 'lane').filter(({ due, completed }) => due !== null && !completed));

  /** A key, or for some requests a precondition instead. */
  const guard = (entity: Entity) =>
    chance(0.75) || entity.etag === undefined ? { key: randomUUID() } : { ifMatch: entity.etag };

  async function create(type: Entity['type']): Promise<void> {
    const hasKey = chance(0.75);
    const id = hasKey && chance(0.3) ? undefined : randomUUID();
    const title = newTitle();
    const isRecurring = type === 'task' && chance(0.15);
    const project = pick(ofType('project', 'lane'));
    const fields =
      type === 'project'
        ? { name: title }
        : {
            title,
            ...(chance(0.3) && { tags: [pick(tags)] }),
            ...(chance(0.3) && project && !project.isRisky && { project_id: project.id }),
            ...(isRecurring && { due_date: '2099-01-01', rrule: 'FREQ=DAILY' }),
          };
    const outcome = await write({
      method: 'POST',
      path: type === 'project' ? '/projects' : '/tasks',
      body: { ...(id && { id }), ...fields },
      key: hasKey ? randomUUID() : undefined,
      status: 201,
      isDone: ({ status, body }) => !hasKey && status === 409 && body.code === 'id-taken',
      canGiveUp: id !== undefined,
    });
    const madeId = id ?? (outcome.kind === 'done' ? outcome.answer.body.id : undefined);
    if (madeId === undefined) return;
    const entity = newEntity(type, madeId, title);
    entities.push(entity);
    entity.changes.pop();
    settle(entity, outcome, 'created', (made) => {
      if (isRecurring) made.due = '2099-01-01';
      made.isRisky = !hasKey && outcome.kind === 'done' && outcome.isAmbiguous;
    });
  }

  async function rename(entity: Entity): Promise<void> {
    const title = newTitle();
    const isTask = entity.type === 'task';
    const outcome = await write({
      method: isTask && chance(0.3) ? 'PUT' : 'PATCH',
      path: `/${entity.type}s/${entity.id}`,
      body: isTask ? { title } : { name: title },
      ...guard(entity),
      status: 200,
      isDone: ({ status, body }) => status === 412 && (body.current.title ?? body.current.name) === title,
      canGiveUp: true,
    });
    settle(entity, outcome, `title ${title}`, (each) => {
      each.title = title;
    });
  }

  async function complete(entity: Entity): Promise<void> {
    const completed = !entity.completed;
    const status = completed ? 'completed' : 'pending';
    const outcome = await write({
      method: 'PATCH',
      path: `/tasks/${entity.id}/complete`,
      body: { completed },
      ...guard(entity),
      status: 200,
      isDone: (answer) => answer.status === 412 && answer.body.current.status === status,
      canGiveUp: true,
    });
    settle(entity, outcome, `status ${status}`, (each) => {
      each.completed = completed;
    });
  }

  /** Completes the current occurrence, which a repeated request without a key would do twice. */
  async function completeOccurrence(entity: Entity): Promise<void> {
    const due = nextDay(entity.due as string);
    const outcome = await write({
      method: 'PATCH',
      path: `/tasks/${entity.id}/complete`,
      body: { completed: true },
      key: randomUUID(),
      status: 200,
      canGiveUp: true,
    });
    settle(entity, outcome, `due ${due}`, (each) => {
      each.due = due;
    });
  }

  async function remove(entity: Entity): Promise<void> {
    if (entity.etag === undefined) return;
    const isProject = entity.type === 'project';
    const outcome = await write({
      method: 'DELETE',
      path: isProject ? `/projects/${entity.id}?tasks=move` : `/tasks/${entity.id}`,
      ifMatch: entity.etag,
      status: 204,
      isDone: ({ status }) => status === 404,
      // A late deletion of a project would change its tasks.
      canGiveUp: !isProject,
    });
    settle(entity, outcome, 'deleted', (each) => {
      each.place = isProject ? 'gone' : 'trash';
    });
    // The tasks of the project have changed.
    if (isProject) for (const each of ofType('task', 'lane')) each.etag = undefined;
  }

  async function restore(entity: Entity): Promise<void> {
    const outcome = await write({
      method: 'POST',
      path: `/tasks/${entity.id}/restore`,
      key: randomUUID(),
      status: 200,
      canGiveUp: true,
    });
    settle(entity, outcome, 'restored', (each) => {
      each.place = 'lane';
    });
  }

  async function purge(entity: Entity): Promise<void> {
    if (entity.isRisky) return;
    const outcome = await write({
      method: 'DELETE',
      path: `/trash/${entity.id}`,
      status: 204,
      isDone: ({ status }) => status === 404,
      canGiveUp: true,
    });
    settle(entity, outcome, 'purged', (each) => {
      each.place = 'gone';
    });
  }

  /** Creates tasks and renames one of them, completes one task and deletes another, in one write. */
  async function batch(): Promise<void> {
    const titles = [newTitle(), newTitle(), newTitle()] as const;
    const ids = [randomUUID(), randomUUID()] as const;
    const [toComplete, toDelete] = [somePlain(), someTask()];
    const completed = toComplete && !toComplete.completed;
    const outcome = await write({
      method: 'POST',
      path: '/batch',
      body: {
        atomic: chance(0.5),
        operations: [
          { op: 'create_task', ref: 'a', task: { id: ids[0], title: titles[0] } },
          { op: 'create_task', task: { id: ids[1], title: titles[1] } },
          { op: 'update_task', id: '$a', task: { title: titles[2] } },
          ...(toComplete ? [{ op: 'complete_task', id: toComplete.id, completed }] : []),
          ...(toDelete ? [{ op: 'delete_task', id: toDelete.id }] : []),
        ],
      },
      key: randomUUID(),
      status: 200,
    });
    const made = ids.map((id, n) => newEntity('task', id, titles[n] as string));
    entities.push(...made);
    const [first] = made as [Entity, Entity];
    first.changes.push(`title ${titles[2]}`);
    first.title = titles[2];
    const results: unknown[] = outcome.kind === 'done' ? outcome.answer.body.results : [];
    const failed = results.filter((each) => (each as { status: number }).status >= 300);
    if (failed.length > 0) fail(`An operation of a batch of ${userId} failed: ${text(failed)}`);
    for (const each of [...made, toComplete, toDelete]) {
      if (!each) continue;
      each.isBroken ||= outcome.kind !== 'done' || failed.length > 0;
      each.etag = undefined;
    }
    if (toComplete) {
      toComplete.completed = completed as boolean;
      toComplete.changes.push(`status ${completed ? 'completed' : 'pending'}`);
    }
    if (toDelete) {
      toDelete.place = 'trash';
      toDelete.changes.push('deleted');
    }
  }

  /** Reads an entity at any instance, and compares it with the last write. */
  async function read(entity: Entity): Promise<void> {
    const path = entity.place === 'trash' ? `/trash/${entity.id}` : `/${entity.type}s/${entity.id}`;
    const { status, body, headers } = await get(path);
    if (status === null || status === 503) return;
    const isRight =
      status === 200 &&
      (body.title ?? body.name) === entity.title &&
      (entity.type === 'project' || (body.status === 'completed') === entity.completed) &&
      (entity.due === null || body.due_date === entity.due);
    if (isRight) entity.etag = headers.etag;
    else {
      entity.isBroken = true;
      fail(`GET ${lane}${path} was answered with ${status}: ${text(body)}, not ${text(entity)}`);
    }
  }

  async function get(path: string): Promise<Answer> {
    const answer = await sendOnce({ method: 'GET', path, status: 200 });
    const { status, body } = answer;
    if (status !== null && ![200, 404, 503].includes(status)) {
      fail(`GET ${lane}${path} was answered with ${status}: ${text(body)}`);
    }
    return answer;
  }

  const lists = [
    '/tasks',
    '/tasks?status=pending&sort=title&limit=20',
    '/tasks?q=task',
    '/tasks?view=today',
    '/projects',
    '/tags',
    '/trash',
    '/completions',
    '/stats',
    '/profile',
    '/activity?limit=20',
    '/export.csv',
  ];

  async function step(): Promise<void> {
    const isFull = entities.filter(({ place }) => place === 'lane').length > entityLimit;
    const some = pick(
      entities.filter((each) => each.place !== 'gone' && !each.isUncertain && !each.isBroken),
    );
    if (chance(0.45)) return some && chance(0.6) ? read(some) : void (await get(pick(lists) as string));
    const dice = random();
    if (dice < 0.2) return isFull ? undefined : create(chance(0.1) ? 'project' : 'task');
    if (dice < 0.45) return some && some.place === 'lane' ? rename(some) : undefined;
    const [plain, recurring, task] = [somePlain(), someRecurring(), someTask()];
    if (dice < 0.6) return plain && complete(plain);
    if (dice < 0.7) return recurring && completeOccurrence(recurring);
    if (dice < 0.78) return batch();
    if (dice < 0.88 || isFull) return task && remove(task);
    const [deleted, project] = [pick(ofType('task', 'trash')), pick(ofType('project', 'lane'))];
    if (dice < 0.93) return deleted && restore(deleted);
    if (dice < 0.98) return deleted && purge(deleted);
    return project && remove(project);
  }

  const done = (async () => {
    while (!isOver()) {
      await step();
      await sleep(random() * 2 * pauseMs);
    }
  })();
  return { entities, done };
}
