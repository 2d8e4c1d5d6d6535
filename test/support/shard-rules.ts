/**
 * Checks with Postgres' own parser that a statement can run on the shards of a database that distributes lanes (Citus).
 * The rules are in docs/database.md, "Lanes on several servers".
 */
import { parseSync } from 'libpg-query';
import { type KeyValue, type LaneKey, readStatement } from './lane-key';

// biome-ignore lint/suspicious/noExplicitAny: the parser has hundreds of node types, and most are only walked.
type Node = any;

export const seeRules = 'see "Lanes on several servers" in docs/database.md';

/** The functions of the database that the rules are about. */
export interface KnownFunctions {
  /** The settings that functions of the schema set with SET LOCAL. */
  readonly localSettings: ReadonlySet<string>;
  /** The names of functions that can change their result within a statement, such as `clock_timestamp`. */
  readonly volatile: ReadonlySet<string>;
  /** The names of functions that are not immutable, such as `now`; it includes the volatile ones. */
  readonly mutable: ReadonlySet<string>;
  /** The columns, as `table.column`, whose defaults call volatile functions. */
  readonly volatileDefaults: ReadonlySet<string>;
}

/** Calls `visit` with each node of a tree, and with the type of the node. */
function walk(tree: Node, visit: (type: string, node: Node) => void): void {
  if (typeof tree !== 'object' || tree === null) return;
  for (const [type, node] of Object.entries<Node>(tree)) {
    if (node && !Array.isArray(node)) visit(type, node);
    walk(node, visit);
  }
}

function nodesOf(tree: Node, wanted: string): Node[] {
  const found: Node[] = [];
  walk(tree, (type, node) => {
    if (type === wanted) found.push(node);
  });
  return found;
}

const nameOf = (call: Node): string => call.funcname?.at(-1)?.String?.sval ?? '';
const firstText = (call: Node): string | undefined => call.args?.[0]?.A_Const?.sval?.sval;
// `clock_timestamp()` and its like; CURRENT_TIMESTAMP has a node of its own.
const callsOf = (tree: Node, names: ReadonlySet<string>): string[] => [
  ...nodesOf(tree, 'FuncCall')
    .map(nameOf)
    .filter((name) => names.has(name)),
  ...(names.has('now') && nodesOf(tree, 'SQLValueFunction').length > 0 ? ['current_timestamp'] : []),
];

const isCastToText = ({ arg, typeName }: Node): boolean =>
  arg?.ColumnRef !== undefined && typeName?.names?.at(-1)?.String?.sval === 'text';

const isCastToTime = ({ arg, typeName }: Node): boolean =>
  /^(date|time)/.test(typeName?.names?.at(-1)?.String?.sval ?? '') &&
  nodesOf([arg], 'A_Expr').some(({ name }) => name?.[0]?.String?.sval === '->>') &&
  nodesOf([arg], 'ColumnRef').length > 0;

/** Whether an expression compares a lane with a value, and not with another column. */
function isBoundToLane({ name, lexpr, rexpr }: Node): boolean {
  const column = lexpr?.ColumnRef?.fields?.at(-1)?.String?.sval;
  return name?.[0]?.String?.sval === '=' && column === 'lane_id' && rexpr?.ColumnRef === undefined;
}

/**
 * The reasons why `INSERT … SELECT` into a lane table does not run on the shard. The coordinator would copy the rows with COPY,
 * which row-level security refuses.
 */
function readSelection(
  insert: Node,
  functions: KnownFunctions,
  isLaneTable: (each: Node) => boolean,
): string[] {
  const select = insert.selectStmt?.SelectStmt;
  if (!select || select.valuesLists) return [];
  const columns: string[] = (insert.cols ?? []).map((each: Node) => each.ResTarget.name);
  const lane = select.targetList?.[columns.indexOf('lane_id')]?.ResTarget?.val;
  const isOfShard = lane?.ColumnRef && nodesOf(select.fromClause ?? [], 'RangeVar').some(isLaneTable);
  const [call] = callsOf(select, functions.volatile);
  const table = insert.relation.relname;
  const omitted = [...functions.volatileDefaults]
    .filter((each) => each.startsWith(`${table}.`))
    .find((each) => !columns.includes(each.slice(table.length + 1)));
  const isChangedBefore = ['InsertStmt', 'UpdateStmt', 'DeleteStmt']
    .flatMap((type) => nodesOf([insert.withClause, select.withClause], type))
    .some(({ relation }) => relation.relname === table);
  return [
    ...(isChangedBefore ? ['INSERT … SELECT has a common table expression that changes the same table'] : []),
    ...(isOfShard ? [] : ['INSERT … SELECT does not take the lane from a table of the lane']),
    ...(call ? [`INSERT … SELECT calls ${call}, which is volatile`] : []),
    ...((insert.returningList ?? insert.returningClause ?? insert.onConflictClause) && !insert.relation.alias
      ? ['INSERT … SELECT with RETURNING or ON CONFLICT needs an alias for the table']
      : []),
    ...(omitted ? [`INSERT … SELECT omits ${omitted}, whose default is volatile`] : []),
  ];
}

/** What a statement does on shards. */
export interface ShardReading {
  /** The reasons why it cannot run there. */
  readonly reasons: readonly string[];
  /** The lanes whose rows it changes or locks. */
  readonly lockedKeys: readonly KeyValue[];
  /** The reasons why it may lock rows of any lane, which a transaction of the system role must not do. */
  readonly unboundLocks: readonly string[];
}

/** Reads a statement. */
export function readForShards(sql: string, key: LaneKey, functions: KnownFunctions): ShardReading {
  const tree = parseSync(sql).stmts;
  const isLaneTable = (relation: Node) =>
    relation?.schemaname === key.schema && key.tables.has(relation.relname);
  const tables = nodesOf(tree, 'RangeVar').concat(nodesOf(tree, 'relation')).filter(isLaneTable);
  if (tables.length === 0) return { reasons: [], lockedKeys: [], unboundLocks: [] };
  const reasons: string[] = [];
  const report = (reason: string) => reasons.push(`${reason}; ${seeRules}`);

  for (const call of nodesOf(tree, 'FuncCall')) {
    const setting = firstText(call);
    if (nameOf(call) === 'set_config')
      report('it calls set_config, which sets nothing on other servers: set it with SET LOCAL before');
    if (nameOf(call) === 'current_setting' && !functions.localSettings.has(setting ?? ''))
      report(`it reads ${setting}, which no function sets with SET LOCAL`);
  }
  for (const insert of nodesOf(tree, 'InsertStmt')) {
    const rows = insert.selectStmt?.SelectStmt?.valuesLists;
    if (isLaneTable(insert.relation) && rows && nodesOf(rows, 'SubLink').length > 0)
      report('INSERT … VALUES holds a subquery: use INSERT … SELECT');
    if (isLaneTable(insert.relation)) readSelection(insert, functions, isLaneTable).forEach(report);
    const [call] = callsOf(insert.onConflictClause, functions.mutable);
    if (isLaneTable(insert.relation) && call)
      report(`ON CONFLICT calls ${call}, which is not immutable: use the value of "excluded"`);
  }
  for (const type of ['InsertStmt', 'UpdateStmt', 'DeleteStmt']) {
    for (const change of nodesOf(tree, type).filter(({ relation }) => isLaneTable(relation))) {
      const returning = change.returningList ?? change.returningClause;
      const [call] = callsOf(returning, functions.mutable);
      if (call) report(`RETURNING calls ${call}, which is not immutable`);
      if (nodesOf(returning, 'TypeCast').some(isCastToText))
        report('RETURNING casts to text, which is not immutable for times');
      const [found] = callsOf([change.whereClause, change.fromClause], functions.volatile);
      if (type !== 'InsertStmt' && found)
        report(`the condition of a change calls ${found}, which is volatile`);
      if (type !== 'UpdateStmt') continue;
      const [set] = callsOf(change.targetList, functions.volatile);
      if (set) report(`UPDATE … SET calls ${set}, which is volatile: use now() or the time of the write`);
      if (nodesOf(change.targetList, 'TypeCast').some(isCastToTime))
        report('UPDATE … SET casts a text that depends on a column to a time, which is not immutable');
      const choices = ['CaseExpr', 'CoalesceExpr'].flatMap((each) => nodesOf(change.targetList, each));
      const [chosen] = callsOf(choices, functions.mutable);
      if (chosen) report(`CASE or COALESCE in UPDATE … SET calls ${chosen}, which is not immutable`);
    }
  }
  for (const clause of nodesOf(tree, 'withClause').filter(({ recursive }) => recursive)) {
    const bound = nodesOf(clause.ctes, 'A_Expr').filter(isBoundToLane).length;
    if (bound < nodesOf(clause.ctes, 'RangeVar').filter(isLaneTable).length)
      report('a recursive query does not compare the lane of each table with a value');
  }
  const changes = ['InsertStmt', 'UpdateStmt', 'DeleteStmt'].flatMap((type) => nodesOf(tree, type));
  const early = nodesOf(changes, 'FuncCall').find(
    (call) => nameOf(call) === 'refuse' && nodesOf(call.args ?? [], 'ColumnRef').length === 0,
  );
  if (early)
    report('a change calls refuse without a column: the coordinator evaluates it before it reads any row');
  return { reasons, ...readLocks(tree, sql, key) };
}

/** The lanes whose rows a statement changes or locks, and the reasons why it may be rows of any lane. */
function readLocks(tree: Node, sql: string, key: LaneKey): Pick<ShardReading, 'lockedKeys' | 'unboundLocks'> {
  const isChange = ['InsertStmt', 'UpdateStmt', 'DeleteStmt'].some((type) => nodesOf(tree, type).length > 0);
  if (!isChange && nodesOf(tree, 'LockingClause').length === 0) return { lockedKeys: [], unboundLocks: [] };
  const { reasons, keys } = readStatement(sql, key);
  const lockOne = (reason: string) =>
    `it locks rows of any lane, as ${reason}: lock one lane at a time; ${seeRules}`;
  return { lockedKeys: keys, unboundLocks: reasons.map(lockOne) };
}
