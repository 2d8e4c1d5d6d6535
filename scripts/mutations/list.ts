// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are pieces of source code.
/** Mutations of the source, and the tests that must fail with each. */

export interface Mutation {
  readonly file: string;
  /** What the mutated code does wrong, for the report. */
  readonly effect: string;
  /** The text to replace; it occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
  /** Runs only the tests whose names match this pattern. */
  readonly names?: string;
}

type Change = Omit<Mutation, 'file' | 'tests' | 'names'>;
const inFile =
  (file: string, tests: readonly string[], names?: string) =>
  (effect: string, find: string, replace: string): Mutation => ({
    file,
    tests,
    ...(names !== undefined && { names }),
    ...({ effect, find, replace } satisfies Change),
  });

const attacks = ['test/platform/auth/attacks.test.ts'];
const claims = inFile('src/platform/auth/claims.ts', attacks);
const egress = inFile('src/features/webhooks/egress-policy.ts', [
  'test/features/webhooks/egress-policy.test.ts',
]);
const bound = inFile('src/platform/database/bound.ts', ['test/platform/database/bound.test.ts']);
const lane = (names: string) =>
  inFile('src/platform/database/lane-sql.ts', ['test/platform/database/lane.test.ts'], names);
const oneFlight = (file: string, names: string) =>
  inFile(`src/platform/database/${file}.ts`, ['test/platform/database/one-flight.test.ts'], names);
const registry = (file: string, names: string) =>
  inFile(`src/platform/database/${file}.ts`, ['test/platform/database/registry.test.ts'], names);
const clients = (file: string, names: string) =>
  inFile(`src/platform/database/${file}.ts`, ['test/features/clients/clients.test.ts'], names);
const flight = inFile('src/platform/database/flight.ts', ['test/platform/database/flight.test.ts']);
const template = inFile('src/platform/database/template.ts', ['test/platform/database/template.test.ts']);
const storage = (file: string, names: string) =>
  inFile(`src/platform/${file}.ts`, ['test/platform/jobs/storage.test.ts'], names);
const scope = inFile(
  'migrations/20261126000001_lanes.ts',
  ['test/platform/database/row-level-security.test.ts'],
  'an owner (a query|an update|the user is set)',
);
const erased = (names: string) =>
  inFile('src/platform/database/lane-runner.ts', ['test/features/profile/erase.test.ts'], names);
const sync = ['test/features/sync/sync.test.ts'];
const keys = ['test/safe-writes/keys.test.ts'];
const idempotency = inFile('src/platform/database/idempotency.ts', keys);
const body = (names: string) =>
  inFile('src/platform/contract/bodies/body.ts', ['test/platform/edge/body.test.ts'], names);
const trash = inFile('src/features/trash/repository.ts', ['test/features/trash/trash.test.ts']);
const schedule = inFile('src/domain/recurrence/schedule.ts', ['test/domain/recurrence/schedule.test.ts']);
const lists = ['test/features/tasks/list.test.ts'];

export const mutations: readonly Mutation[] = [
  // Authentication and authorization.
  inFile('src/platform/contract/http/admission.ts', ['test/isolation/all-walls.test.ts'], 'is 403')(
    'the user of the path is not compared with the user of the token',
    'laneUser !== identity.userId',
    'laneUser === null',
  ),
  inFile('src/platform/contract/http/admission.ts', ['test/platform/auth/service.test.ts'], 'not sufficient')(
    'scopes are not checked',
    'if (identity.scopes.includes(scope)) return;',
    'if (identity.scopes !== null) return;',
  ),
  inFile('src/platform/contract/http/admission.ts', ['test/platform/auth/service.test.ts'], 'origin|cookie')(
    'a write with a cookie does not need a trusted origin',
    '!isAllowedOrigin(request, admission.trustedOrigins)',
    'admission.trustedOrigins === null',
  ),
  inFile('src/platform/auth/origin.ts', ['test/platform/auth/origin.test.ts'])(
    'the first of two origins is accepted',
    ' && others.length === 0',
    '',
  ),
  inFile('src/platform/auth/token-verifier.ts', attacks)(
    'a token can choose its algorithm',
    'keys.filter((key) => key.algorithm === header.value.alg)',
    '[...keys]',
  ),
  inFile('src/platform/auth/token-verifier.ts', ['test/platform/auth/authenticator.test.ts'])(
    'a token that was verified once is accepted after its expiry',
    'now() < known.until && ',
    '',
  ),
  claims('tokens do not expire', 'expiresAt <= nowSeconds - tolerance', 'expiresAt <= 0'),
  claims('tokens have no longest lifetime', 'expiresAt - nowSeconds > maximum + tolerance', 'expiresAt < 0'),
  claims(
    'tokens for other audiences are accepted',
    '!audienceIncludes(audience, rules.audience?.value ?? null)',
    'false',
  ),
  claims('tokens of other issuers are accepted', '!issuerMatches(issuer, rules.issuer)', 'false'),
  inFile('src/platform/auth/session-cookie.ts', attacks)(
    'the session of a cookie can belong to another user',
    ' || session.userId !== userId',
    '',
  ),
  inFile('src/platform/auth/identity.ts', ['test/features/profile/erase.test.ts'], 'clocks differ')(
    'a clock that is ahead is ignored',
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
    'queries of a lane are not bound to it',
    '[conditionOn(bound), ...grouped(compiler.grouped.where ?? [])]',
    '[...grouped(compiler.grouped.where ?? [])]',
  ),
  bound(
    'a condition with or reaches other lanes',
    "if (conditions.every(({ bool }) => bool === 'and')) return conditions;",
    'return conditions;',
  ),
  bound(
    'a row can be moved to another lane',
    "Object.hasOwn(builder._single.update ?? {}, 'lane_id')",
    'false',
  ),
  bound('a query of a lane can become an insert', '!conditional.has(compiler.method)', 'false'),
  inFile('src/platform/database/lane-handle.ts', ['test/platform/database/bound.test.ts'])(
    'rows are inserted into the lane that they contain',
    '({ ...each, lane_id: lane.id })',
    '({ lane_id: lane.id, ...each })',
  ),
  scope(
    'transactions run as the login role',
    "set_config('role', app_role, true)",
    "set_config('app.role', app_role, true)",
  ),
  scope('the lane stays set after the transaction', 'set local app.lane_id', 'set app.lane_id'),
  registry('lane-runner', 'row-level security (a read|the read)')(
    'the id that the process remembers is not compared',
    'throw laneMoved;',
    '',
  ),
  registry('lane-sql', 'row-level security a write in one flight')(
    'a write in one flight does not compare the id that the process remembers',
    'when lane_id is distinct from $7::bigint then',
    'when $6::bigint is null then',
  ),
  inFile('src/features/trash/repository.ts', ['test/features/trash/trash.test.ts'])(
    'a tree of tasks can begin in another lane',
    'where lane_id = :lane and id = :id and',
    'where id = :id and',
  ),
  inFile('src/features/tags/repository.ts', ['test/features/tags/tags.test.ts'])(
    'a task gets the tags of a task in another lane',
    'where link.lane_id = tasks.lane_id and link.task_id = tasks.id',
    'where link.task_id = tasks.id',
  ),
  inFile('src/features/transfer/repository.ts', ['test/features/transfer/import.test.ts'])(
    'the level of an imported task is counted across lanes',
    'where above.lane_id = ?',
    'where ?::bigint is not null',
  ),
  lane('before it has locked')(
    'writers of a lane do not wait for each other',
    'select ${locked} from ${schema}.profiles where lane_id = $1 for update`',
    'select ${locked} from ${schema}.profiles where lane_id = $1`',
  ),
  lane('before it has locked')(
    'a write in one flight does not wait for other writers',
    'for update\n  )\n  select held.*',
    '\n  )\n  select held.*',
  ),
  lane('before it has locked')(
    'a job does not wait for other writers',
    'select delivers from ${schema}.profiles where lane_id = $1 for update',
    'select delivers from ${schema}.profiles where lane_id = $1',
  ),
  inFile('migrations/20261126000001_lanes.ts', ['test/platform/database/lane.test.ts'], 'time of the lock')(
    'a write gets the time when it began to wait for the lock',
    "set local app.now = %L', clock_timestamp()",
    "set local app.now = %L', now()",
  ),
  erased('from before')(
    'a token from before the erasure can open the lane',
    'refuseStale(scope);\n    checkClient',
    'checkClient',
  ),
  registry('lane-runner', 'waited for the erasure')(
    'a write that waited for the erasure fails',
    "violatedConstraint(error) === 'profiles_lane' ||",
    '',
  ),

  // Clients that are cut off.
  clients('lane-runner', 'gets 403')(
    'a client that is cut off reads and writes',
    'if (row?.cut_off) throw',
    'if (row?.cut_off && false) throw',
  ),
  clients('lane-sql', 'shares with the user')(
    'a client that is cut off takes part in a shared commit',
    'when cut_off then',
    'when cut_off and false then',
  ),

  // Writes and reads in one flight.
  oneFlight('lane-sql', 'stale token after')(
    'a write in one flight accepts a stale token',
    'case when stale then',
    'case when stale and false then',
  ),
  oneFlight('lane-runner', 'does not know')(
    'the first write to a lane accepts a stale token',
    'if (!isQuiet || caller.precondition)',
    'if (caller.precondition)',
  ),
  oneFlight('lane-runner', 'reads nothing')(
    'a read in one flight accepts a stale token',
    'refuseStale(scope);\n    checkClient',
    'checkClient',
  ),
  oneFlight('lane-runner', 'precondition')(
    'a write in one flight ignores the settings of the profile',
    'if (!isQuiet || caller.precondition)',
    'if (!isQuiet)',
  ),
  oneFlight('lane-sql', 'another process has erased')(
    'a write in one flight loses its change if the lane is missing',
    'case when held.delivers is not false',
    'case when held.delivers',
  ),
  oneFlight('lane-sql', 'deliveries')(
    'a write in one flight does not see new webhooks',
    'case when held.delivers is not false',
    'case when held.delivers is null',
  ),
  oneFlight('lane-sql', 'the quota$')(
    'a write in one flight exceeds the quota of tasks',
    'coalesce(task_count > $12 or',
    'coalesce(',
  ),
  oneFlight('lane-sql', 'the quota of storage')(
    'a write in one flight exceeds the quota of storage',
    '\n        or storage_written + storage_correction > $16::bigint',
    '',
  ),
  oneFlight('transaction', 'the quota$')(
    'a write is acknowledged although the end of its flight failed',
    'if (ended) await ended;',
    'if (ended) void ended;',
  ),
  oneFlight('transaction', 'usable')(
    'a connection is released without a rollback',
    ".query('rollback')",
    ".query('select 1')",
  ),
  oneFlight('flight', 'after the end')(
    'a statement after the commit runs outside of the lane',
    'this.isClosed = this.tail !== null;',
    'this.isClosed = false;',
  ),
  flight(
    'results are settled before the commit is certain',
    'this.results.push(result);',
    'this.results.push(result), this.pending[this.results.length - 1]?.settle(null, result);',
  ),
  flight(
    'statements after an error count as done',
    'else pending.settle(index === failed ? error : skipped(error));',
    'else pending.settle(index === failed ? error : null);',
  ),
  flight(
    'results of a query that took too long become those of the next one',
    'if (this.isSent) this.session.client.connection.stream.destroy();',
    '',
  ),
  template('two numbers in a text are mixed up', 'firstNumber + argument', 'firstNumber'),
  template('two texts in a text are mixed up', '`\\0argument ${argument}`', "'\\0argument'"),
  template(
    'the values of the first run stay in the text',
    'args.map((value, index) => markerOf(index, value))',
    '[...args]',
  ),
  inFile('src/platform/database/lane-handle.ts', ['test/isolation/lane-handle-alone.test.ts'], 'getTask')(
    'the lane of the first run stays in the text of a template',
    'laneFor({ id: marker as string, userId }),',
    'laneFor({ id, userId }),',
  ),

  // Storage.
  storage('database/lane-sql', 'count at least')(
    'writes add nothing to the storage',
    'storage_written = storage_written + ${bytes}::bigint',
    'storage_written = storage_written',
  ),
  storage('database/storage', 'count at least')(
    'changes add nothing to the storage',
    '2 * Buffer.byteLength(json) +',
    '-200 +',
  ),
  storage('database/lane-handle', 'when it is created')(
    'inserted rows add nothing to the storage',
    'effects.rowBytes += bytesOfRow(each)',
    'bytesOfRow(each)',
  ),
  inFile('src/features/tasks/write.ts', ['test/platform/jobs/storage.test.ts'], 'when it is created')(
    'a new task adds nothing to the storage',
    'lane.stored(bytesOfRow(values));',
    '',
  ),
  storage('jobs/storage', 'during a measurement is')(
    'a measurement overwrites the storage of writes at the same time',
    'storage_correction: String(correction),',
    "storage_written: String(bytes), storage_correction: '0',",
  ),
  storage('jobs/storage', 'erased and created again')(
    'a measurement corrects another lane of the same user',
    ".where('epoch', before.epoch)",
    '',
  ),
  storage('database/storage', 'in parts')(
    'a measurement counts the parts of a table twice',
    "remaining().whereRaw(compare('<='), end as never)",
    'remaining()',
  ),

  // Lists.
  inFile('src/platform/database/keyset.ts', lists)(
    'pages repeat their last row',
    "const operator = keys[0]?.direction === 'desc' ? '<' : '>';",
    "const operator = keys[0]?.direction === 'desc' ? '<=' : '>=';",
  ),
  inFile('src/platform/contract/pagination/cursor.ts', lists)(
    'cursors of other lists and users are accepted',
    'madeFor === fingerprint(list) &&',
    '',
  ),

  // Sync.
  inFile('src/features/sync/token.ts', sync)(
    'sync tokens of other users are accepted',
    'if (madeFor !== fingerprint(userId)) return null;',
    '',
  ),
  inFile('src/features/sync/handlers.ts', sync)(
    'changes during a snapshot are lost',
    'next: { epoch, seq, snapshot: null }, hasMore: counter > seq',
    'next: { epoch, seq: counter, snapshot: null }, hasMore: false',
  ),
  inFile('src/features/sync/handlers.ts', sync)(
    'changes beyond a page are skipped',
    'next: { epoch: history.epoch, seq: last, snapshot: null }',
    'next: { epoch: history.epoch, seq: history.counter, snapshot: null }',
  ),
  inFile('src/features/changes/repository.ts', [...sync, 'test/features/changes/purge.test.ts'])(
    'a copy continues across purged changes',
    "return seq < history.floor ? 'too-old' : null;",
    'return null;',
  ),
  inFile('src/features/changes/repository.ts', sync)(
    'a copy continues in another epoch',
    "if (epoch !== history.epoch && !beforeAll) return 'other-epoch';",
    '',
  ),

  // Idempotency keys and preconditions.
  idempotency(
    'a key can be used for another request',
    "if (!row.fingerprint.equals(fingerprint)) return { outcome: 'key-reused' };",
    '',
  ),
  inFile(
    'src/platform/database/idempotency.ts',
    ['test/contract/safe-writes.test.ts'],
    'createTask .*still running',
  )(
    'a request with a key runs twice at the same time',
    "return lock?.rows[0]?.taken === true ? undefined : { outcome: 'in-flight' };",
    'return lock ? undefined : undefined;',
  ),
  inFile('src/platform/contract/http/safe-writes.ts', keys)(
    'problems are stored in the idempotency record',
    "shouldCommit: (outcome) => !('code' in outcome)",
    'shouldCommit: () => true',
  ),
  inFile('src/platform/contract/http/safe-writes.ts', ['test/safe-writes/concurrency.test.ts'])(
    'If-Match is not compared',
    'if (matchesStrongly(ifMatch, tag)) return',
    'if (ifMatch) return',
  ),

  // Bodies of requests.
  body('grows beyond')(
    'a body without a length can have any size',
    'if (size <= maxBytes) return;',
    'return;',
  ),
  body('after decompression')('a compressed body can have any size', 'limit: maxBytes,', 'limit: Infinity,'),
  body('64 levels')('a body can be nested without a bound', 'assertNotTooDeep(shape);', ''),
  body('empty objects')(
    'a body can take far more memory than bytes',
    'assertNotMostlyEmpty(shape, bytes.length);',
    '',
  ),

  // The egress policy of webhooks.
  egress('webhooks reach link-local addresses', "  '169.254.0.0/16',\n", ''),
  egress('webhooks reach IPv4-mapped addresses', "  '::/3',\n", ''),
  egress(
    'a host name can lead to a private address',
    'addresses.filter(isPublicAddress)',
    'addresses.filter(Boolean)',
  ),
  egress('webhooks reach any port', "url.port !== ''", "url.port === '-'"),
  egress(
    'addresses are not checked when a message is sent',
    'if (refusalOf(address) !== null) throw',
    'if (!address) throw',
  ),
  egress('names of the local network are resolved', 'ownNames.test(host) || ', ''),
  inFile('src/features/webhooks/signature.ts', ['test/features/webhooks/signature.test.ts'])(
    'signatures do not cover the id',
    '`${id}.${timestamp}.${body}`',
    '`${timestamp}.${body}`',
  ),

  // Trash.
  trash(
    'restoring also restores tasks of other deletions',
    "treeBelow('deleted_with = :with')",
    "treeBelow('deleted_at is not null and :with::uuid is not null')",
  ),
  trash(
    'tasks below a purged one are lost',
    'await updateTasks(lane, orphans, { parent_id: null });',
    'void orphans;',
  ),
  inFile('src/features/trash/repository.ts', ['test/features/trash/job.test.ts'])(
    'tasks that were just deleted are purged',
    "query.where('deleted_at', '<=', until)",
    "query.where('deleted_at', '>=', until)",
  ),
  inFile('src/features/trash/commands.ts', ['test/features/trash/trash.test.ts'])(
    'a restored tree can be too deep',
    'line.length + heightOf(row, rows) <= maxLevel',
    'line.length <= maxLevel',
  ),

  // Recurrence.
  schedule('missed dates are repeated', 'due > completedOn ? due : completedOn', 'due'),
  schedule(
    'a rule with COUNT does not end if it repeats from completion',
    'rule.count !== null && completions >= rule.count',
    'false',
  ),
  schedule(
    'the last date is missing',
    'if (tick > last || left-- <= 0) return;',
    'if (tick >= last || left-- <= 0) return;',
  ),
  schedule('a date is returned twice', 'point <= after', 'point < after'),
];
