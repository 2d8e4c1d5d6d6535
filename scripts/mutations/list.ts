// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are pieces of source code.
/** Faults to plant, one at a time, and the tests that must notice each. */

export interface Mutation {
  readonly file: string;
  /** What the fault does, for the report. */
  readonly fault: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
  /** Of these tests, those whose names match. */
  readonly names?: string;
}

type Planted = Omit<Mutation, 'file' | 'tests' | 'names'>;
const inFile =
  (file: string, tests: readonly string[], names?: string) =>
  (fault: string, find: string, replace: string): Mutation => ({
    file,
    tests,
    ...(names !== undefined && { names }),
    ...({ fault, find, replace } satisfies Planted),
  });

const attacks = ['test/platform/auth/attacks.test.ts'];
const claims = inFile('src/platform/auth/claims.ts', attacks);
const egress = inFile('src/features/webhooks/egress-policy.ts', [
  'test/features/webhooks/egress-policy.test.ts',
]);
const bound = inFile('src/platform/database/bound.ts', ['test/platform/database/bound.test.ts']);
const lane = (names: string) =>
  inFile('src/platform/database/lane.ts', ['test/platform/database/lane.test.ts'], names);
const scope = inFile(
  'src/platform/database/lane.ts',
  ['test/platform/database/row-level-security.test.ts'],
  'an owner (a query|an update|the scope)',
);
const erased = (names: string) =>
  inFile('src/platform/database/lane.ts', ['test/features/profile/erase.test.ts'], names);
const sync = ['test/features/sync/sync.test.ts'];
const keys = ['test/safe-writes/keys.test.ts'];
const idempotency = inFile('src/platform/database/idempotency.ts', keys);
const trash = inFile('src/features/trash/repository.ts', ['test/features/trash/trash.test.ts']);
const schedule = inFile('src/domain/recurrence/schedule.ts', ['test/domain/recurrence/schedule.test.ts']);
const lists = ['test/features/tasks/list.test.ts'];

export const mutations: readonly Mutation[] = [
  // Who calls.
  inFile('src/platform/contract/http/admission.ts', ['test/isolation/all-walls.test.ts'], 'is 403')(
    'the path’s user is not compared with the token’s',
    'laneUser !== identity.userId',
    'laneUser === null',
  ),
  inFile('src/platform/contract/http/admission.ts', ['test/platform/auth/service.test.ts'], 'too little')(
    'scopes are not checked',
    '!identity.scopes.includes(operation.scope)',
    'identity.scopes === null',
  ),
  inFile('src/platform/contract/http/admission.ts', ['test/platform/auth/service.test.ts'], 'origin|cookie')(
    'writes with a cookie need no origin',
    '!isAllowedOrigin(request, trustedOrigins)',
    'trustedOrigins === null',
  ),
  inFile('src/platform/auth/origin.ts', ['test/platform/auth/origin.test.ts'])(
    'of two origins, the first counts',
    ' && others.length === 0',
    '',
  ),
  inFile('src/platform/auth/token-verifier.ts', attacks)(
    'the token decides the algorithm',
    'keys.filter((key) => key.algorithm === header.value.alg)',
    '[...keys]',
  ),
  inFile('src/platform/auth/token-verifier.ts', ['test/platform/auth/authenticator.test.ts'])(
    'a verified token outlives its expiry',
    'now() < known.until && ',
    '',
  ),
  claims('tokens do not expire', 'expiresAt <= nowSeconds - tolerance', 'expiresAt <= 0'),
  claims('tokens may live for ever', 'expiresAt - nowSeconds > maximum + tolerance', 'expiresAt < 0'),
  claims(
    'tokens for other audiences count',
    '!audienceIncludes(audience, rules.audience?.value ?? null)',
    'false',
  ),
  claims('tokens of other issuers count', '!issuerMatches(issuer, rules.issuer)', 'false'),
  inFile('src/platform/auth/session-cookie.ts', attacks)(
    'a cookie’s session may be another user’s',
    ' || session.userId !== userId',
    '',
  ),
  inFile('src/platform/auth/identity.ts', ['test/features/profile/erase.test.ts'], 'clocks differ')(
    'clocks that are ahead are not allowed for',
    'issuedAt - tolerance',
    'issuedAt',
  ),
  inFile('src/platform/auth/identity.ts', ['test/platform/auth/session-table.test.ts'])(
    'a session from the future opens an erased lane',
    'issuedAt <= nowSeconds + tolerance',
    'issuedAt > 0',
  ),

  // Lanes.
  inFile('src/platform/database/bound.ts', ['test/isolation/lane-handle-alone.test.ts'], 'getTask|listTasks')(
    'a lane’s queries are not bound to its user',
    '[conditionOn(bound), ...grouped(compiler.grouped.where ?? [])]',
    '[...grouped(compiler.grouped.where ?? [])]',
  ),
  bound(
    'or leaves the lane',
    "if (conditions.every(({ bool }) => bool === 'and')) return conditions;",
    'return conditions;',
  ),
  bound('rows are given away', "Object.hasOwn(builder._single.update ?? {}, 'user_id')", 'false'),
  bound('a lane’s query becomes an insert', '!conditional.has(compiler.method)', 'false'),
  inFile('src/platform/database/lane.ts', ['test/platform/database/bound.test.ts'])(
    'rows are inserted for whom they name',
    '({ ...each, user_id: userId })',
    '({ user_id: userId, ...each })',
  ),
  scope(
    'transactions stay the login role’s',
    "set_config('role', $1, true)",
    "set_config('app.role', $1, true)",
  ),
  scope(
    'the user outlives the transaction',
    "set_config('app.user_id', $2, true)",
    "set_config('app.user_id', $2, false)",
  ),
  inFile('src/features/trash/repository.ts', ['test/features/trash/trash.test.ts'])(
    'a tree begins in any lane',
    'where user_id = :user and id = :id and',
    'where id = :id and',
  ),
  inFile('src/features/tags/repository.ts', ['test/features/tags/tags.test.ts'])(
    'a task takes the tags of another lane’s task',
    'where link.user_id = tasks.user_id and link.task_id = tasks.id',
    'where link.task_id = tasks.id',
  ),
  inFile('src/features/transfer/repository.ts', ['test/features/transfer/import.test.ts'])(
    'an imported task’s level is counted across lanes',
    'above.user_id = tasks.user_id and ',
    '',
  ),
  lane('concurren|counter|sequence|at once')(
    'writers of a lane do not wait for one another',
    'select delivers, require_if_match, ${counters} from ${schema}.profiles where user_id = $1 for update',
    'select delivers, require_if_match, ${counters} from ${schema}.profiles where user_id = $1',
  ),
  lane('time of the lock')(
    'a write has the time at which it began to wait',
    "select made, delivers, require_if_match, ${counters}, set_config('app.now', clock_timestamp()::text, true)",
    "select made, delivers, require_if_match, ${counters}, set_config('app.now', now()::text, true)",
  ),
  erased('from before')(
    'a stale token reads',
    'read: (work) => read(caller, ownerOf(caller.userId), refuseStale, work),',
    'read: (work) => read(caller, ownerOf(caller.userId), () => undefined, work),',
  ),
  erased('waited for the erasure')(
    'a write that waited brings an erased lane back',
    'if (locked.rows[0]?.made && connection)',
    'if (locked.rows[0]?.made === null && connection)',
  ),

  // Lists.
  inFile('src/platform/database/keyset.ts', lists)(
    'pages repeat their last row',
    "const operator = keys[0]?.direction === 'desc' ? '<' : '>';",
    "const operator = keys[0]?.direction === 'desc' ? '<=' : '>=';",
  ),
  inFile('src/platform/contract/pagination/cursor.ts', lists)(
    'cursors of other lists and users count',
    'madeFor === fingerprint(list) &&',
    '',
  ),

  // Sync.
  inFile('src/features/sync/token.ts', sync)(
    'sync tokens of other users count',
    'if (madeFor !== fingerprint(userId)) return null;',
    '',
  ),
  inFile('src/features/sync/handlers.ts', sync)(
    'what changes during a snapshot is lost',
    'next: { epoch, seq, snapshot: null }, hasMore: counter > seq',
    'next: { epoch, seq: counter, snapshot: null }, hasMore: false',
  ),
  inFile('src/features/sync/handlers.ts', sync)(
    'changes beyond a page are skipped',
    'next: { epoch: history.epoch, seq: last, snapshot: null }',
    'next: { epoch: history.epoch, seq: history.counter, snapshot: null }',
  ),
  inFile('src/features/changes/repository.ts', [...sync, 'test/features/changes/purge.test.ts'])(
    'a copy goes on across a gap',
    "return seq < history.floor ? 'too-old' : null;",
    'return null;',
  ),
  inFile('src/features/changes/repository.ts', sync)(
    'a copy goes on in another history',
    "if (epoch !== history.epoch && !beforeAll) return 'other-epoch';",
    '',
  ),

  // Requests that are sent again, and conditions.
  idempotency(
    'a key answers another request',
    "if (!row.fingerprint.equals(fingerprint)) return { outcome: 'key-reused' };",
    '',
  ),
  inFile(
    'src/platform/database/idempotency.ts',
    ['test/contract/safe-writes.test.ts'],
    'createTask .*in flight',
  )(
    'a request is carried out twice at once',
    "return lock?.rows[0]?.taken === true ? undefined : { outcome: 'in-flight' };",
    'return lock ? undefined : undefined;',
  ),
  inFile('src/platform/contract/http/safe-writes.ts', keys)(
    'failures are kept under the key',
    "stays: (outcome) => !('code' in outcome)",
    'stays: () => true',
  ),
  inFile('src/platform/contract/http/safe-writes.ts', ['test/safe-writes/concurrency.test.ts'])(
    'If-Match is not compared',
    'if (matchesStrongly(ifMatch, tag)) return',
    'if (ifMatch) return',
  ),

  // Where webhooks lead.
  egress('webhooks reach link-local addresses', "  '169.254.0.0/16',\n", ''),
  egress('webhooks reach mapped addresses', "  '::/3',\n", ''),
  egress('a name may lead inside', 'addresses.filter(isPublicAddress)', 'addresses.filter(Boolean)'),
  egress('webhooks reach any port', "url.port !== ''", "url.port === '-'"),
  egress(
    'addresses are not checked when they are sent to',
    'if (refusalOf(address) !== null) throw',
    'if (!address) throw',
  ),
  egress('names of this network are looked up', 'ownNames.test(host) || ', ''),
  inFile('src/features/webhooks/signature.ts', ['test/features/webhooks/signature.test.ts'])(
    'signatures do not cover the id',
    '`${id}.${timestamp}.${body}`',
    '`${timestamp}.${body}`',
  ),

  // Trash.
  trash(
    'restoring takes along what other deletes took',
    "treeBelow('deleted_with = :with')",
    "treeBelow('deleted_at is not null and :with::uuid is not null')",
  ),
  trash(
    'tasks below a purged one are lost',
    'await updateTasks(lane, orphans, { parent_id: null });',
    'void orphans;',
  ),
  inFile('src/features/trash/repository.ts', ['test/features/trash/job.test.ts'])(
    'what was just deleted is purged',
    "query.where('deleted_at', '<=', until)",
    "query.where('deleted_at', '>=', until)",
  ),
  inFile('src/features/trash/commands.ts', ['test/features/trash/trash.test.ts'])(
    'a restored tree may be too deep',
    'line.length + heightOf(row, rows) <= maxLevel',
    'line.length <= maxLevel',
  ),

  // Recurrence.
  schedule('missed dates come again', 'due > completedOn ? due : completedOn', 'due'),
  schedule('COUNT has no end from completion', 'rule.count !== null && completions >= rule.count', 'false'),
  schedule(
    'the last date is left out',
    'if (day > last || left-- <= 0) return;',
    'if (day >= last || left-- <= 0) return;',
  ),
  schedule('a date comes twice', 'toDay(start) : toDay(after) + 1', 'toDay(start) : toDay(after)'),
];
