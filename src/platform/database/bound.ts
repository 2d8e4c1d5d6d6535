/**
 * Limits queries to a lane. The condition on the lane is added when the query is compiled, around all other
 * conditions. Neither `orWhere` nor `clearWhere` nor a clone of the query escapes it.
 */
import type { Knex } from 'knex';

/** The rows that a query may touch: the rows of one lane in the query's table or alias. */
interface Bound {
  readonly table: string;
  readonly laneId: string;
}

/** A condition, as Knex stores it before compilation. */
interface Where {
  readonly grouping: 'where';
  readonly type: string;
  readonly bool: 'and' | 'or';
  readonly [member: string]: unknown;
}

interface Builder {
  readonly _statements: Where[];
  readonly _single: { readonly update?: object };
  queryContext(): { readonly bound?: Bound } | undefined;
}

interface Compiler {
  /** The type of query, such as `select`. Knex calls DELETE `del`. */
  readonly method: string;
  readonly grouped: { where?: Where[] };
}

interface Client {
  queryCompiler(builder: Builder, bindings?: unknown[]): Compiler;
}

// Only these kinds of query have conditions. An insert or TRUNCATE has none, so it cannot be limited.
const conditional = new Set(['select', 'first', 'pluck', 'update', 'del']);

function conditionOn({ table, laneId }: Bound): Where {
  const basic = { type: 'whereBasic', operator: '=', not: false, asColumn: false } as const;
  return { grouping: 'where', bool: 'and', ...basic, column: `${table}.lane_id`, value: laneId };
}

/** Combines conditions into one if there is an `or` among them. */
function grouped(conditions: readonly Where[]): readonly Where[] {
  if (conditions.every(({ bool }) => bool === 'and')) return conditions;
  const value = (nested: Builder) => void nested._statements.push(...conditions);
  return [{ grouping: 'where', bool: 'and', type: 'whereWrapped', not: false, value }];
}

/** Makes `knex` add the conditions that `limitToLane` sets when it compiles queries. Call it once per pool. */
export function enforceLaneLimits(knex: Knex): void {
  const client: Client = knex.client;
  const compile = client.queryCompiler.bind(client);
  client.queryCompiler = (builder, bindings) => {
    const compiler = compile(builder, bindings);
    const bound = builder.queryContext()?.bound;
    if (!bound) return compiler;
    if (!conditional.has(compiler.method)) {
      throw new Error(`A query of a lane's rows cannot be turned into ${compiler.method}.`);
    }
    if (Object.hasOwn(builder._single.update ?? {}, 'lane_id'))
      throw new Error('A row cannot move to another lane.');
    compiler.grouped.where = [conditionOn(bound), ...grouped(compiler.grouped.where ?? [])];
    return compiler;
  };
}

/** Limits a query to the rows of a lane. It cannot be undone. */
export function limitToLane<Q extends Knex.QueryBuilder>(query: Q, bound: Bound): Q {
  return query.queryContext({ bound }) as Q;
}
