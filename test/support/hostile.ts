/** Hostile requests from the contract: for every schema, values that are far too large or of another type. */
import { contractDocument, type Operation, resolve } from '../../src/platform/contract/document/contract';
import { exampleBody, examplePath } from './operations';

/** A value and its JSON text, which `JSON.stringify` may not be able to write. */
interface Hostile {
  readonly what: string;
  readonly json: string;
}

interface Schema {
  $ref?: string;
  type?: string | string[];
  maxLength?: number;
  maxItems?: number;
  maximum?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  discriminator?: { propertyName: string; mapping?: Record<string, string> };
}

/** A part of a request with its schema; `place` puts a JSON text there into an otherwise valid body. */
interface Node {
  readonly at: string;
  readonly schema: Schema;
  place(json: string): string;
}

const factor = 100;
const many = 40_000;
const longText = 60_000;
// The maximum size of a body, minus room for the rest of the body.
const maxBytes = 250 * 1024;
const maxHeaderBytes = 15_000;

const follow = (schema: Schema): Schema => ({ ...resolve(contractDocument, schema), ...schema });
const list = (item: string, count: number) =>
  `[${Array(Math.min(count, Math.floor(maxBytes / (item.length + 1))))
    .fill(item)
    .join()}]`;
const keys = (count: number) => `{${Array.from({ length: count }, (_, n) => `"k${n}":0`).join()}}`;
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

/** Values for any part of a body, whatever its schema is. */
const anywhere: readonly Hostile[] = [
  { what: 'zeros', json: list('0', many) },
  { what: 'objects', json: list('{}', 15_000) },
  { what: 'unknown properties', json: keys(20_000) },
  { what: 'a long unknown property', json: `{"${'/~'.repeat(60_000)}":0}` },
  { what: '__proto__', json: '{"__proto__":{"title":"x"},"constructor":{"prototype":{}}}' },
  { what: 'depth', json: nested(60) },
  { what: 'too much depth', json: nested(50_000) },
  { what: 'an infinite number', json: '1e999' },
  { what: 'a number of many digits', json: '9'.repeat(60_000) },
  { what: 'NUL', json: '"\\u0000"' },
  { what: 'a lone surrogate', json: '"a\\ud800"' },
];

// The other properties are tried on the parent schema.
const forLeaves = new Set(['zeros', 'unknown properties', 'an infinite number', 'NUL', 'a lone surrogate']);

function strings(length: number): string[] {
  const most = Math.min(length, maxBytes - 10);
  return [
    'a'.repeat(most),
    `${'a'.repeat(most - 1)}\u0001`,
    `${' '.repeat(most - 1)}\u0001`,
    '0'.repeat(most),
    'a,'.repeat(most / 2),
    '$-'.repeat(most / 2),
  ];
}

function hostileFor({ schema }: Node): Hostile[] {
  const { maxLength = 600, maxItems = many / factor, maximum = 1e9 } = follow(schema);
  const types = [follow(schema).type ?? []].flat();
  const isLeaf = types.every((type) => !['array', 'object'].includes(type));
  const found: Hostile[] = anywhere.filter(({ what }) => !isLeaf || forLeaves.has(what));
  if (types.includes('string')) {
    const texts = strings(Math.max(maxLength * factor, longText)).map((text) => JSON.stringify(text));
    found.push(...texts.map((json) => ({ what: `text ${json.slice(1, 3)}…${json.slice(-3, -1)}`, json })));
  }
  if (types.includes('array')) {
    for (const item of [
      '0',
      '""',
      '"a"',
      'null',
      '{"k":0}',
      '{"op":"create_task","task":{"tags":[0,0,0]}}',
    ]) {
      found.push({ what: `many times ${item}`, json: list(item, maxItems * factor) });
      found.push({ what: `as often as may be ${item}`, json: list(item, maxItems) });
    }
  }
  if (types.includes('integer') || types.includes('number')) {
    found.push(
      { what: 'a large number', json: String(maximum * factor) },
      { what: 'a fraction', json: '0.1' },
    );
  }
  return found;
}

/** The parts of a body, through references and alternatives, each schema once. */
function* nodesOf(node: Node, seen: Set<object>): Generator<Node> {
  yield node;
  const schema = follow(node.schema);
  if (schema.items) {
    yield* nodesOf(
      { at: `${node.at}/0`, schema: schema.items, place: (json) => node.place(`[${json}]`) },
      seen,
    );
  }
  const { propertyName = '', mapping = {} } = schema.discriminator ?? {};
  for (const [name, $ref] of Object.entries(mapping)) {
    yield* fieldsOf({ ...node, at: `${node.at}(${name})` }, follow({ $ref }), { [propertyName]: name }, seen);
  }
  yield* fieldsOf(node, schema, {}, seen);
}

function* fieldsOf(
  node: Node,
  { properties = {} }: Schema,
  base: object,
  seen: Set<object>,
): Generator<Node> {
  if (seen.has(properties)) return;
  seen.add(properties);
  for (const [name, schema] of Object.entries(properties)) {
    const others = JSON.stringify(base).slice(1, -1);
    const place = (json: string) =>
      node.place(`{${[...(others ? [others] : []), `${JSON.stringify(name)}:${json}`].join()}}`);
    yield* nodesOf({ at: `${node.at}/${name}`, schema, place }, seen);
  }
}

export interface HostileRequest {
  readonly what: string;
  readonly query?: string;
  readonly path?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The address of an operation with the path and query of a hostile request. */
export function hostileAddress(
  operation: Operation,
  { query, path = {} }: HostileRequest,
  userId: string,
): string {
  const [name, text] = Object.entries(path)[0] ?? [];
  const parts = operation.path.split('/').map((part, index) => {
    const example = examplePath(operation, userId).split('?')[0]?.split('/')[index] ?? '';
    return name === undefined
      ? example
      : part.replace(`{${name}}`, () => text ?? '').replace(/^\{.*\}.*$/, example);
  });
  return parts.join('/') + (query === undefined ? '' : `?${query}`);
}

/**
 * Hostile bodies for an operation, within the maximum size of a body. Import files are left out: they may have
 * 200,000 rows, and are read with pauses for other requests.
 */
export function hostileBodies(operation: Operation): HostileRequest[] {
  const type = operation.mediaTypes.find((each) => each.endsWith('json'));
  const input = type === undefined ? undefined : (operation.inputSchemas.get(type) as Schema | undefined);
  const body = input?.properties?.body;
  if (!body || operation.isSpooled) return [];
  const example = exampleBody(operation) as Record<string, unknown>;
  // A field is put into the example; a nested value replaces the field.
  const place = (json: string) => {
    const isField = json.startsWith('{"') && Object.keys(example).length > 0;
    return isField ? `${JSON.stringify(example).slice(0, -1)},${json.slice(1)}` : json;
  };
  return [...nodesOf({ at: '/body', schema: body, place }, new Set())].flatMap((node) =>
    hostileFor(node).map(({ what, json }) => ({ what: `${node.at}: ${what}`, body: node.place(json) })),
  );
}

const texts = (most: number) => [
  'a'.repeat(most),
  '9'.repeat(most),
  'a,'.repeat(most / 2),
  '-'.repeat(most),
  `${'a'.repeat(most)}%01`,
  '%20'.repeat(most / 3),
  '%00',
];

/** Hostile values for an operation's parameters. */
export function hostileParameters(operation: Operation): HostileRequest[] {
  const { query, params } = (operation.inputSchemas.get(undefined) as Schema).properties ?? {};
  const inQuery = Object.keys(query?.properties ?? {}).flatMap((name) => [
    ...texts(maxHeaderBytes).map((text) => ({
      what: `?${name} ${text.slice(0, 3)}`,
      query: `${name}=${text}`,
    })),
    { what: `?${name} many times`, query: Array(1_200).fill(`${name}=1`).join('&') },
  ]);
  const inPath = Object.keys(params?.properties ?? {}).flatMap((name) =>
    texts(maxHeaderBytes).map((text) => ({ what: `{${name}} ${text.slice(0, 3)}`, path: { [name]: text } })),
  );
  const unknown = Array.from({ length: 1_000 }, (_, n) => `u${n}=%5B`).join('&');
  return [
    ...inQuery,
    ...inPath,
    { what: 'unknown parameters', query: unknown },
    { what: 'a long unknown parameter', query: `${'u'.repeat(maxHeaderBytes)}=1` },
    { what: '__proto__', query: '__proto__=1&__proto__%5Bx%5D=1&constructor=1' },
    { what: 'brackets', query: `q${'%5Bq%5D'.repeat(2_000)}=1` },
  ];
}

const segment = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Hostile values for every header that the service or its libraries read. */
export const hostileHeaders: readonly HostileRequest[] = [
  'accept',
  'accept-encoding',
  'access-control-request-headers',
  'authorization',
  'content-encoding',
  'content-type',
  'cookie',
  'forwarded',
  'host',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'last-event-id',
  'origin',
  'prefer',
  'range',
  'traceparent',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-request-id',
].flatMap((name) =>
  [
    `"a",${' '.repeat(maxHeaderBytes)}x`,
    `"a"${' \t'.repeat(maxHeaderBytes / 2)}x`,
    `"${'\\"'.repeat(maxHeaderBytes / 2)}`,
    ','.repeat(maxHeaderBytes),
    '"a",'.repeat(maxHeaderBytes / 4),
    ';a=b'.repeat(maxHeaderBytes / 4),
    `a/b;${' '.repeat(maxHeaderBytes)}=`,
    '0'.repeat(maxHeaderBytes),
    `Bearer ${' '.repeat(maxHeaderBytes)}x`,
    `Bearer ${'a.'.repeat(maxHeaderBytes / 2)}`,
    `Bearer ${segment({ alg: 'HS256', x: '"'.repeat(2_500) })}.${segment({ x: ' '.repeat(2_000) })}.a`,
    `better-auth.session_token=${'%'.repeat(maxHeaderBytes)}`,
    'better-auth.session_data.0=a;'.repeat(maxHeaderBytes / 30),
  ].map((value) => ({ what: `${name}: ${value.slice(0, 12)}`, headers: { [name]: value } })),
);
