/** Finds the operation of a request by its method and path. The time does not depend on the number of operations. */

/** The methods of a path. */
export interface Route<T> {
  /** By method, in upper case. `HEAD` has the value of `GET`. */
  readonly methods: ReadonlyMap<string, T>;
  /** The value of `Allow` (RFC 9110, section 10.2.1). */
  readonly allow: string;
}

export interface Match<T> {
  readonly route: Route<T>;
  /** The decoded path parameters. */
  readonly params: Record<string, string>;
}

/** A segment with a parameter, such as `{task_id}` or `{secret}.ics`. */
interface Template<T> {
  readonly prefix: string;
  readonly suffix: string;
  readonly node: Node<T>;
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  readonly templates: Template<T>[];
  route?: { readonly names: readonly string[]; readonly methods: Map<string, T>; allow: string };
}

const template = /^([^{}]*)\{([^{}]+)\}([^{}]*)$/;

function emptyNode<T>(): Node<T> {
  return { literals: new Map(), templates: [] };
}

function literalChild<T>({ literals }: Node<T>, segment: string): Node<T> {
  const child = literals.get(segment) ?? emptyNode<T>();
  literals.set(segment, child);
  return child;
}

function templateChild<T>({ templates }: Node<T>, prefix: string, suffix: string): Node<T> {
  const known = templates.find((each) => each.prefix === prefix && each.suffix === suffix);
  if (known) return known.node;
  const added = { prefix, suffix, node: emptyNode<T>() };
  templates.push(added);
  // A longer text around the parameter is more specific.
  templates.sort((a, b) => b.prefix.length + b.suffix.length - a.prefix.length - a.suffix.length);
  return added.node;
}

function allowOf(methods: ReadonlyMap<string, unknown>): string {
  const names = [...methods.keys()].filter((name) => name !== 'HEAD');
  return [...names, ...(methods.has('HEAD') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}

/** Returns the node of a path and puts the values of its parameters into `values`; undefined if there is none. */
function find<T>(
  node: Node<T>,
  segments: readonly string[],
  at: number,
  values: string[],
): Node<T> | undefined {
  if (at === segments.length) return node.route && node;
  const segment = segments[at] as string;
  const literal = node.literals.get(segment);
  // Concrete paths match before templated ones (OpenAPI 3.1, section 4.8.8).
  const found = literal && find(literal, segments, at + 1, values);
  if (found) return found;
  for (const { prefix, suffix, node: child } of node.templates) {
    const end = segment.length - suffix.length;
    if (end <= prefix.length || !segment.startsWith(prefix) || !segment.endsWith(suffix)) continue;
    values.push(segment.slice(prefix.length, end));
    const below = find(child, segments, at + 1, values);
    if (below) return below;
    values.pop();
  }
  return undefined;
}

/** The matcher of paths. Paths are compared as they are sent: percent-encoded, case-sensitive, with each slash. */
export class Matcher<T> {
  private readonly root: Node<T> = emptyNode();

  /** Adds an operation. `path` is the path in the contract: `/api/{user_id}/tasks`. */
  add(method: string, path: string, value: T): void {
    const names: string[] = [];
    let node = this.root;
    for (const segment of path.split('/')) {
      const [, prefix = '', name, suffix = ''] = template.exec(segment) ?? [];
      if (name !== undefined) names.push(name);
      node = name === undefined ? literalChild(node, segment) : templateChild(node, prefix, suffix);
    }
    node.route ??= { names, methods: new Map(), allow: '' };
    node.route.methods.set(method, value);
    if (method === 'GET') node.route.methods.set('HEAD', value);
    node.route.allow = allowOf(node.route.methods);
  }

  /** Finds the route of a path whose escapes all decode; undefined if the contract has no such path. */
  match(path: string): Match<T> | undefined {
    const values: string[] = [];
    const route = find(this.root, path.split('/'), 0, values)?.route;
    if (!route) return undefined;
    const isEscaped = path.includes('%');
    const params: Record<string, string> = {};
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as string;
      params[route.names[i] as string] = isEscaped ? decodeURIComponent(value) : value;
    }
    return { route, params };
  }
}
