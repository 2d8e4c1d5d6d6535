/** The types and the sending of a lane's methods. `methods.ts` is generated and uses them. */
import { entityTag, type Versioned } from './entity-tag.js';
import { unwrap } from './errors.js';
import type { components, operations } from './openapi.js';
import type { Send } from './raw.js';
import { type RetryOptions, withRetries } from './retry.js';

export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

type OrSingle<T> = T extends readonly (infer Item)[] ? Item | readonly Item[] : T;

/** The query parameters of an operation. Where the contract has an array, a single value is allowed too. */
export type QueryOf<Id extends keyof operations> = {
  [Name in keyof NonNullable<operations[Id]['parameters']['query']>]: OrSingle<
    NonNullable<operations[Id]['parameters']['query']>[Name]
  >;
};

export interface CallOptions extends RetryOptions {
  /** Further headers of the request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Called with each response, also with that of a problem, for example to read its headers: `Tasklane-Seq` is the position
   * of the lane after a write.
   */
  readonly onResponse?: ((response: Response) => void) | undefined;
}

export interface WriteOptions extends CallOptions {
  /** The service carries out requests with the same key once. By default each call has a new key. */
  readonly idempotencyKey?: string | undefined;
}

export interface ConditionOptions extends CallOptions {
  /** Make the change only if the entity has not changed since it was read: the entity, or its entity tag. */
  readonly ifMatch?: Versioned | string | undefined;
}

export interface ChangeOptions extends WriteOptions, ConditionOptions {}

interface AnyPage {
  readonly items: readonly unknown[];
  readonly next_cursor: string | null;
}

/**
 * A list. `await` it for the page that its query asks for; iterate over it (`for await`) for the items of that page and all
 * later ones. Nothing is requested before.
 */
export interface Listing<Page extends AnyPage> extends Promise<Page>, AsyncIterable<Page['items'][number]> {
  /** Iterates over the page that the query asks for and all later ones. */
  pages(): AsyncGenerator<Page, void, undefined>;
}

/** A line of the generated table, such as `PATCH /tasks/{task_id} body key`; perhaps with fields of the body that it sets. */
export type Line = string | readonly [string, Readonly<Record<string, unknown>>];

/** A line of the table, parsed. */
export interface Method {
  readonly method: string;
  /** The path below that of the lane, and the names of its parameters. */
  readonly path: string;
  readonly names: readonly string[];
  /** The media type of the request's body. */
  readonly body: string | undefined;
  readonly preset: Readonly<Record<string, unknown>> | undefined;
  /** The arguments of the function in their order: the parameters of the path, `body`, `query` and `options`. */
  readonly order: readonly string[];
  /** Whether it accepts `Idempotency-Key`. */
  readonly key: boolean;
  readonly page: boolean;
  /** Whether it resolves to the response itself. */
  readonly file: boolean;
}

export function parseLine(line: Line): Method {
  const [text, preset] = typeof line === 'string' ? [line] : line;
  const [method = '', path = '', ...parts] = text.split(' ');
  const body = parts.find((part) => part.startsWith('body'));
  const has = (part: string) => parts.includes(part);
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
  return {
    method,
    path,
    names,
    body: body && (body.split('=')[1] ?? 'application/json'),
    preset,
    order: [...names, ...(body ? ['body'] : []), ...(has('query') ? ['query'] : []), 'options'],
    key: has('key'),
    page: has('page'),
    file: has('file'),
  };
}

type Query = Readonly<Record<string, unknown>>;

/** A random UUID. `crypto.randomUUID` exists only in secure contexts, so not on plain http in a local network. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function listing(read: (query: Query) => Promise<AnyPage>, query: Query = {}): Listing<AnyPage> {
  async function* pages() {
    let next = query;
    for (;;) {
      const page = await read(next);
      yield page;
      if (page.next_cursor === null) return;
      next = { ...query, cursor: page.next_cursor };
    }
  }
  let first: Promise<AnyPage> | undefined;
  const page = () => {
    first ??= read(query);
    return first;
  };
  return {
    // biome-ignore lint/suspicious/noThenProperty: a list can be awaited and iterated over, and requests nothing before.
    then: (resolve, reject) => page().then(resolve, reject),
    catch: (reject) => page().catch(reject),
    finally: (settle) => page().finally(settle),
    [Symbol.toStringTag]: 'Listing',
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) yield* page.items;
    },
  };
}

/** Makes the function of a method. Its arguments are in the method's order. */
export function methodOf(method: Method, send: Send, userId: () => Promise<string>) {
  return (...args: unknown[]): unknown => {
    const given = Object.fromEntries(method.order.map((name, index) => [name, args[index]]));
    const path = Object.fromEntries(method.names.map((name) => [name, given[name]]));
    const { body } = given;
    const query = given.query as Query | undefined;
    const options = (given.options ?? {}) as ChangeOptions;

    const call = async (query: Query | undefined): Promise<unknown> => {
      const isRead = method.method === 'GET';
      const key = method.key ? (options.idempotencyKey ?? randomKey()) : undefined;
      const init = {
        params: { path: { ...path, user_id: await userId() }, query },
        ...(method.body !== undefined && bodyInit(method, body)),
        ...(method.file && { parseAs: 'stream' as const }),
      };
      const headers = {
        ...(method.body !== undefined && { 'Content-Type': method.body }),
        ...(key && { 'Idempotency-Key': key }),
        ...(options.ifMatch !== undefined && { 'If-Match': entityTag(options.ifMatch) }),
        ...options.headers,
      };
      return withRetries(
        async (signal) => {
          const result = await send(method.method, `/api/{user_id}${method.path}`, {
            ...init,
            headers,
            signal,
          });
          options.onResponse?.(result.response);
          const data = await unwrap(Promise.resolve(result));
          return method.file ? result.response : data;
        },
        isRead || key !== undefined,
        options,
      );
    };
    return method.page ? listing((each) => call(each) as Promise<AnyPage>, query) : call(query);
  };
}

function bodyInit({ preset }: Method, body: unknown): { body?: unknown } {
  const fields = preset ? { ...preset, ...(body as object) } : body;
  return fields === undefined ? {} : { body: fields };
}
