/** Safe writes: requests that are carried out once per idempotency key, or only if `If-Match` matches. */
import type { Request } from 'express';
import type {
  ChangeAuthor,
  IdempotentRequest,
  LaneOpening,
  LanePosition,
  LockedProfile,
  Refusal,
  UserLane,
  UserScope,
} from '../../database/lane';
import { positionText } from '../../database/lane';
import type { Operation } from '../document/contract';
import { ProblemError } from '../document/problems';
import { matchesStrongly, parseTagCondition, type TagCondition } from './entity-tags';
import { parseIdempotencyKey, storedReply } from './idempotency';
import type { Failure, Outcome, Replay } from './outcome';

/** The conditional headers of a request. Null if the request has no such header, or the operation does not accept it. */
export interface Conditions {
  readonly ifMatch: TagCondition | null;
  readonly ifNoneMatch: TagCondition | null;
  readonly key: string | null;
}

function parsed<T>(
  text: string | string[] | undefined,
  name: string,
  parse: (text: string) => T | null,
  form: string,
): T | null {
  if (text === undefined) return null;
  const value = parse(String(text));
  if (value === null) throw new ProblemError('malformed-header', { detail: `${name} must be ${form}.` });
  return value;
}

const tagForm = 'a list of quoted entity tags such as "3-1795253400000", or *';
const keyForm = '1 to 255 printable ASCII characters, in quotes if it contains a space';

const noConditions: Conditions = { ifMatch: null, ifNoneMatch: null, key: null };

/** Reads the conditional headers. @throws the 400 problem if one is malformed */
export function readConditions(operation: Operation, { headers }: Request): Conditions {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, 'idempotency-key': key } = headers;
  if (ifMatch === undefined && ifNoneMatch === undefined && key === undefined) return noConditions;
  const tags = (text: string | undefined, name: string, accepted: boolean) =>
    accepted ? parsed(text, name, parseTagCondition, tagForm) : null;
  return {
    ifMatch: tags(ifMatch, 'If-Match', operation.representation !== null),
    ifNoneMatch: tags(ifNoneMatch, 'If-None-Match', operation.method === 'get' && operation.tagged.size > 0),
    key: operation.takesKey ? parsed(key, 'Idempotency-Key', parseIdempotencyKey, keyForm) : null,
  };
}

/** The lane's user requires an `If-Match` for every change, and the request has none. */
class PreconditionRequired extends Error {}

/** Refuses the write of a request without `If-Match` if the lane's user requires one. */
function assertIfMatchOptional({ require_if_match }: LockedProfile): void {
  if (require_if_match) throw new PreconditionRequired();
}

/** Carries out a request in a scope of its caller's lane. */
type Work = (scope: UserScope) => Promise<Outcome>;

/** A request on a lane, ready to be carried out. */
export interface LaneRequest {
  /** Opens the lane. Its writes call `precondition` after they have locked the lane. */
  open(precondition: LaneOpening['precondition']): UserLane;
  readonly handle: Work;
  /** Who makes the changes of a write; undefined for a read. The result of a write names its request and its position. */
  readonly author: (ChangeAuthor & { readonly request: string }) | undefined;
  /** Looks up the representation that `If-Match` is compared with; null if the operation accepts no `If-Match`. */
  readonly lookUp: Work | null;
  readonly ifMatch: TagCondition | null;
  /** Whether the configuration requires an `If-Match`. */
  readonly requireIfMatch: boolean;
  readonly idempotentRequest: IdempotentRequest | undefined;
  /** The redactors of the operation's reply bodies, by status. */
  readonly redactors: ReadonlyMap<string, (body: unknown) => unknown>;
}

/** Runs `handle` only if the current entity tag matches the condition (RFC 9110, section 13.1.1). */
async function handleIfMatch(
  scope: UserScope,
  ifMatch: TagCondition,
  lookUp: Work,
  handle: Work,
): Promise<Outcome> {
  const found = await lookUp(scope);
  if ('code' in found) return found;
  const tag = String(found.headers.ETag);
  if (matchesStrongly(ifMatch, tag)) return handle(scope);
  return { code: 'precondition-failed', members: { current: found.body }, headers: { ETag: tag } };
}

async function requirePrecondition(scope: UserScope, lookUp: Work): Promise<Outcome> {
  const found = await lookUp(scope);
  return 'code' in found ? found : { code: 'precondition-required', members: {} };
}

function workOf({ handle, lookUp, ifMatch, requireIfMatch }: LaneRequest): Work {
  if (!lookUp) return handle;
  if (ifMatch) return (scope) => handleIfMatch(scope, ifMatch, lookUp, handle);
  return requireIfMatch ? (scope) => requirePrecondition(scope, lookUp) : handle;
}

function refused(refusal: Refusal): Outcome | Replay {
  switch (refusal.outcome) {
    case 'stored':
      return refusal.reply.content
        ? { status: refusal.reply.status, replayed: refusal.reply.content }
        : { code: 'reply-not-kept', members: {} };
    case 'in-flight':
      return { code: 'request-in-flight', members: {}, headers: { 'Retry-After': '1' } };
    case 'key-reused':
      return { code: 'idempotency-key-reused', members: {} };
  }
}

/** Adds the id of a write's request, and the position of the lane after it, to its result. */
function withPosition<T extends Exclude<Outcome, Failure>>(
  result: T,
  { author }: LaneRequest,
  position: LanePosition,
): T {
  const headers = { 'Tasklane-Seq': positionText(position), 'Tasklane-Request': author?.request };
  return { ...result, headers: { ...result.headers, ...headers } };
}

async function carryOutIn(lane: UserLane, request: LaneRequest): Promise<Outcome | Replay> {
  const { idempotentRequest, ifMatch, redactors } = request;
  const work = workOf(request);
  if (!idempotentRequest && !ifMatch) return work(lane);
  return lane.runAtomically<Outcome | Replay>({
    idempotentRequest,
    refused,
    work,
    shouldCommit: (outcome) => !('code' in outcome),
    reply(outcome, position) {
      if ('body' in outcome && !('streamed' in outcome) && !('subscriber' in outcome)) {
        return storedReply(withPosition(outcome, request, position), redactors.get(String(outcome.status)));
      }
      throw new Error('Only a reply of `call.reply` can be stored under a key.');
    },
  });
}

/**
 * Carries out a request. With an idempotency key or an `If-Match`, everything is one transaction under the lane's
 * lock: a failure rolls it back, and a result is stored under the key with the same commit. Without them, the handler
 * makes its own transactions.
 */
export async function carryOut(request: LaneRequest): Promise<Outcome | Replay> {
  const { lookUp, ifMatch } = request;
  const couldHaveIfMatch = lookUp !== null && ifMatch === null;
  const lane = request.open(couldHaveIfMatch ? assertIfMatchOptional : undefined);
  try {
    const outcome = await carryOutIn(lane, request);
    if (!request.author || 'code' in outcome || 'replayed' in outcome) return outcome;
    return withPosition(outcome, request, await lane.position());
  } catch (error) {
    if (!(error instanceof PreconditionRequired) || !lookUp) throw error;
    return requirePrecondition(lane, lookUp);
  }
}
