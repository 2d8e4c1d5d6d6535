/**
 * Checks with Postgres' own parser that an SQL statement stays in one lane. Each lane table of the statement must be bound
 * to the lane's key, by a condition that always holds or by a join with a bound table.
 */
import { parseSync } from 'libpg-query';

/** The tables with lanes' rows, and the column with the lane of each row. */
export interface LaneKey {
  readonly schema: string;
  readonly tables: ReadonlySet<string>;
  readonly column: string;
}

/** A value that must be the lane's key: a parameter, counted from 1, or a constant. */
export type KeyValue = { readonly parameter: number } | { readonly constant: string };

export interface Reading {
  /** Reasons why the statement leaves the lane with any parameters. */
  readonly reasons: readonly string[];
  /** The statement stays in a lane if all of these are the lane's key. */
  readonly keys: readonly KeyValue[];
}

// biome-ignore lint/suspicious/noExplicitAny: the parser has hundreds of node types, and most are only walked.
type Node = any;

/** The source of a name in FROM. */
interface Source {
  readonly isLaneTable: boolean;
  isBound: boolean;
}

/** The names that a query sees. */
interface Level {
  readonly sources: Map<string, Source>;
  readonly ctes: Set<string>;
  readonly parent: Level | null;
}

/** A condition that holds for each row of these sources; null means all sources of the query. */
interface Condition {
  readonly node: Node;
  readonly sources: ReadonlySet<Source> | null;
}

function conjuncts(node: Node): Node[] {
  if (!node) return [];
  return node.BoolExpr?.boolop === 'AND_EXPR' ? node.BoolExpr.args.flatMap(conjuncts) : [node];
}

const isSource = (operand: Source | KeyValue | null): operand is Source =>
  operand !== null && 'isBound' in operand;

/** Reads a statement. @throws if the parser rejects it */
export function readStatement(sql: string, { schema, tables, column }: LaneKey): Reading {
  const reasons: string[] = [];
  const keys: KeyValue[] = [];
  const placed = new WeakSet<object>();
  const naming = new RegExp(`\\b${schema}\\.(?:${[...tables].join('|')})\\b`);

  const isLaneTable = (relation: Node): boolean =>
    relation.schemaname === schema && tables.has(relation.relname);
  const nameOf = (relation: Node): string => relation.alias?.aliasname ?? relation.relname;
  const levelIn = (parent: Level | null): Level => ({
    sources: new Map(),
    ctes: new Set(parent?.ctes),
    parent,
  });

  function place(relation: Node, level: Level): Source {
    placed.add(relation);
    const isUnqualified = relation.schemaname === undefined && !level.ctes.has(relation.relname);
    if (isUnqualified && tables.has(relation.relname)) reasons.push(`${relation.relname} has no schema`);
    const source = { isLaneTable: isLaneTable(relation), isBound: false };
    level.sources.set(nameOf(relation), source);
    return source;
  }

  /** The source whose key column this is; null for another column. */
  function sourceOf(fields: Node[], level: Level | null): Source | null {
    const names: string[] = fields.map((field) => field.String?.sval);
    if (names.at(-1) !== column) return null;
    for (let at = level; at; at = at.parent) {
      const tablesHere = [...at.sources.values()].filter((source) => source.isLaneTable);
      const found = names.length === 1 ? tablesHere[0] : at.sources.get(names.at(-2) as string);
      if (found) return found;
    }
    return null;
  }

  function operandOf(node: Node, level: Level): Source | KeyValue | null {
    if (node?.TypeCast) return operandOf(node.TypeCast.arg, level);
    if (node?.ParamRef) return { parameter: node.ParamRef.number };
    if (node?.A_Const?.sval) return { constant: node.A_Const.sval.sval ?? '' };
    if (node?.A_Const?.ival) return { constant: String(node.A_Const.ival.ival ?? 0) };
    return node?.ColumnRef ? sourceOf(node.ColumnRef.fields, level) : null;
  }

  /** Adds an item of FROM; returns its sources. */
  function gather(item: Node, level: Level, conditions: Condition[]): Source[] {
    if (item.RangeVar) return [place(item.RangeVar, level)];
    if (!item.JoinExpr) {
      const [range] = Object.values<Node>(item);
      if (range.alias) level.sources.set(range.alias.aliasname, { isLaneTable: false, isBound: false });
      return [];
    }
    const { jointype, larg, rarg, quals } = item.JoinExpr;
    const left = gather(larg, level, conditions);
    const right = gather(rarg, level, conditions);
    // The condition of an outer join does not filter its preserved side.
    const narrowed = new Set([
      ...(jointype === 'JOIN_INNER' || jointype === 'JOIN_RIGHT' ? left : []),
      ...(jointype === 'JOIN_INNER' || jointype === 'JOIN_LEFT' ? right : []),
    ]);
    conditions.push(...conjuncts(quals).map((node) => ({ node, sources: narrowed })));
    return [...left, ...right];
  }

  /** Finds the sources that the conditions bind, and reports the others. */
  function bindSources(level: Level, conditions: readonly Condition[]): void {
    const binds = ({ node, sources }: Condition): boolean => {
      const { kind, name, lexpr, rexpr } = node.A_Expr ?? {};
      if (kind !== 'AEXPR_OP' || name[0].String.sval !== '=') return false;
      const [left, right] = [operandOf(lexpr, level), operandOf(rexpr, level)];
      const isNew = (one: typeof left, other: typeof left): boolean => {
        if (!isSource(one) || one.isBound || !one.isLaneTable || other === null) return false;
        if (sources && !sources.has(one)) return false;
        if (isSource(other) && !other.isBound) return false;
        if (![...level.sources.values()].includes(one)) return false;
        one.isBound = true;
        if (!isSource(other)) keys.push(other);
        return true;
      };
      return isNew(left, right) || isNew(right, left);
    };
    while (conditions.some(binds));
    for (const [name, { isLaneTable, isBound }] of level.sources) {
      if (isLaneTable && !isBound) reasons.push(`${name} is not bound to the lane`);
    }
  }

  function demandKey(node: Node, level: Level): void {
    const operand = operandOf(node, level);
    if (isSource(operand) ? operand.isBound : operand !== null) {
      if (operand !== null && !isSource(operand)) keys.push(operand);
    } else {
      reasons.push(`a row is inserted whose ${column} is not the lane's`);
    }
  }

  function demandNoKey(targets: Node[] = []): void {
    if (targets.some(({ ResTarget }) => ResTarget.name === column)) reasons.push(`${column} is written over`);
  }

  function readWith(clause: Node, level: Level): void {
    for (const { CommonTableExpr: each } of clause?.ctes ?? []) {
      if (clause.recursive) level.ctes.add(each.ctename);
      walk(each.ctequery, level);
      level.ctes.add(each.ctename);
    }
  }

  /** @param keyAt the index of the column whose values must be the lane's key */
  function select(node: Node, parent: Level | null, keyAt: number | null = null): void {
    const { withClause, larg, rarg, ...rest } = node;
    const level = levelIn(parent);
    readWith(withClause, level);
    if (larg) {
      select(larg, level, keyAt);
      select(rarg, level, keyAt);
      walk(rest, level);
      return;
    }
    const conditions: Condition[] = conjuncts(rest.whereClause).map((each) => ({
      node: each,
      sources: null,
    }));
    for (const item of rest.fromClause ?? []) gather(item, level, conditions);
    bindSources(level, conditions);
    if (keyAt !== null) {
      if (rest.valuesLists) for (const { List } of rest.valuesLists) demandKey(List.items[keyAt], level);
      else demandKey(rest.targetList?.[keyAt]?.ResTarget.val, level);
    }
    walk(rest, level);
  }

  function insert(node: Node, parent: Level | null): void {
    const { withClause, relation, cols = [], selectStmt, onConflictClause: conflict, ...rest } = node;
    const level = levelIn(parent);
    readWith(withClause, level);
    if (!isLaneTable(relation)) {
      walk({ relation, selectStmt, conflict, ...rest }, level);
      return;
    }
    const keyAt = cols.findIndex(({ ResTarget }: Node) => ResTarget.name === column);
    if (keyAt < 0 || !selectStmt) reasons.push(`a row is inserted without a ${column}`);
    else select(selectStmt.SelectStmt, level, keyAt);
    // The inserted rows were checked above, and RETURNING can return only these.
    place(relation, level).isBound = true;
    if (conflict?.action === 'ONCONFLICT_UPDATE') {
      const columns: Node[] = conflict.infer?.indexElems ?? [];
      if (!columns.some(({ IndexElem }) => IndexElem.name === column)) {
        reasons.push('a conflict may be with a row of another lane');
      }
      demandNoKey(conflict.targetList);
    }
    walk({ conflict, ...rest }, level);
  }

  function change(node: Node, parent: Level | null): void {
    const { withClause, ...rest } = node;
    const level = levelIn(parent);
    readWith(withClause, level);
    if (isLaneTable(rest.relation)) demandNoKey(rest.targetList);
    place(rest.relation, level);
    const conditions: Condition[] = conjuncts(rest.whereClause).map((each) => ({
      node: each,
      sources: null,
    }));
    for (const item of rest.fromClause ?? rest.usingClause ?? []) gather(item, level, conditions);
    bindSources(level, conditions);
    walk(rest, level);
  }

  const readers: Readonly<Record<string, (node: Node, parent: Level | null) => void>> = {
    SelectStmt: select,
    InsertStmt: insert,
    UpdateStmt: change,
    DeleteStmt: change,
  };

  function walk(node: Node, level: Level | null): void {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const each of node) walk(each, level);
      return;
    }
    if (node.relname !== undefined && !placed.has(node) && isLaneTable(node)) {
      reasons.push(`${node.relname} is used in a way that is not understood`);
    }
    const constant: string | undefined = node.A_Const?.sval?.sval;
    if (constant && naming.test(constant)) reasons.push(`a text names ${naming.exec(constant)}`);
    for (const [type, child] of Object.entries(node)) {
      const read = readers[type];
      if (read) read(child, level);
      else walk(child, level);
    }
  }

  walk(parseSync(sql).stmts, null);
  return { reasons, keys };
}
