/**
 * The cost of requests in units of their rate limit, from the contract's `x-cost`. A request costs `units`, and more
 * for each part that `more` names by a pointer (`/query/limit`, `/body/tags`, `/body`).
 */

/** The additional cost of a part of a request. */
export interface Surcharge {
  readonly for: string;
  /**
   * The surcharge is added once per this many items (if the part is a list), bytes (a file) or units of its value (a
   * number). Without `every`, it is added once if the part is present; null and `false` count as absent.
   */
  readonly every?: number;
  /** Units. Undefined for a list of operations: each costs the same as the operation of its name. */
  readonly units?: number;
}

export interface Cost {
  readonly units: number;
  readonly more?: readonly Surcharge[];
}

/** The costs of operations, by operation id. */
export type Costs = ReadonlyMap<string, Cost>;

const nothing: Cost = { units: 0 };

/** The cost from `x-cost`; zero if the operation has none. */
export function readCost(cost: Cost | undefined): Cost {
  return cost ?? nothing;
}

function sizeOf(part: unknown): number {
  if (Array.isArray(part)) return part.length;
  return typeof part === 'number' ? part : ((part as { size?: number } | undefined)?.size ?? 0);
}

function surcharge({ every, units = 0 }: Surcharge, part: unknown): number {
  if (every !== undefined) return Math.floor(sizeOf(part) / every) * units;
  return part === undefined || part === null || part === false ? 0 : units;
}

type Named = { readonly op: string } & Readonly<Record<string, unknown>>;

/** The cost of an operation of a batch: the same as the operation of its name. */
function costOfNamed({ op, ...fields }: Named, costs: Costs): number {
  const id = op.replace(/_(.)/g, (_match, letter: string) => letter.toUpperCase());
  const cost = costs.get(id) ?? nothing;
  const body = fields.task ?? fields.project ?? fields.tag ?? {};
  return cost.units + surcharges(cost, { query: {}, body }, costs);
}

const tokens = new Map<string, readonly string[]>();

/** The reference tokens of a pointer of the contract. */
function tokensOf(pointer: string): readonly string[] {
  const known = tokens.get(pointer) ?? pointer.split('/').slice(1);
  tokens.set(pointer, known);
  return known;
}

function partOf(request: { query: object; body: unknown }, pointer: string): unknown {
  const names = tokensOf(pointer);
  return names.reduce<unknown>(
    (value, name) => (value as Record<string, unknown> | undefined)?.[name],
    request,
  );
}

/** The cost of a valid request beyond `units`, from its query and body. */
export function surcharges(
  { more = [] }: Cost,
  request: { readonly query: object; readonly body: unknown },
  costs: Costs,
): number {
  return more.reduce((sum, each) => {
    const part = partOf(request, each.for);
    if (each.units !== undefined) return sum + surcharge(each, part);
    return (part as readonly Named[]).reduce((all, operation) => all + costOfNamed(operation, costs), sum);
  }, 0);
}
