/**
 * What requests cost, in units of their rate limit: the contract's `x-cost`. A request takes `units`, and more for each
 * part of it that `more` names by a pointer (`/query/limit`, `/body/tags`, `/body`).
 */

/** What a part of a request adds to its cost. */
export interface Surcharge {
  readonly for: string;
  /**
   * For how much of the part it is added: for so many items of a list, so many of a number, so many bytes of a file.
   * Without it, it is added once if the part is there; null and `false` count as absent.
   */
  readonly every?: number;
  /** Units; for a list of operations, undefined: each adds what the operation of its name costs. */
  readonly units?: number;
}

export interface Cost {
  readonly units: number;
  readonly more?: readonly Surcharge[];
}

/** The costs of operations, by their ids. */
export type Costs = ReadonlyMap<string, Cost>;

const nothing: Cost = { units: 0 };

/** The cost of an operation that says `x-cost`; without, it costs nothing. */
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

/** What an operation of a batch costs: as much as the operation of its name. */
function costOfNamed({ op, ...fields }: Named, costs: Costs): number {
  const id = op.replace(/_(.)/g, (_match, letter: string) => letter.toUpperCase());
  const cost = costs.get(id) ?? nothing;
  const body = fields.task ?? fields.project ?? fields.tag ?? {};
  return cost.units + surcharges(cost, { query: {}, body }, costs);
}

function partOf(request: { query: object; body: unknown }, pointer: string): unknown {
  const names = pointer.split('/').slice(1);
  return names.reduce<unknown>(
    (value, name) => (value as Record<string, unknown> | undefined)?.[name],
    request,
  );
}

/** What a valid request costs by its query and body, on top of `units`. */
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
