/** An independent check of responses with Ajv alone, stricter than the service's own. */
import assert from 'node:assert/strict';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { contractDocument } from '../../src/platform/contract/document/contract';

export interface ObservedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Parsed if it is JSON, else text; undefined if it is empty. */
  readonly body: unknown;
}

type Node = Record<string, unknown>;

const document = structuredClone(contractDocument) as unknown as {
  paths: Record<string, Record<string, Node>>;
  components: Record<string, Record<string, Node>>;
};

function follow(node: Node): Node {
  if (typeof node.$ref !== 'string') return node;
  const [, , kind = '', name = ''] = node.$ref.split('/');
  return follow(document.components[kind]?.[name] as Node);
}

// A property of a response that the contract does not name is a leak. A schema that others extend with allOf stays
// open, because it would reject their properties.
function closeObjects(node: unknown, bases: ReadonlySet<unknown>): void {
  if (node === null || typeof node !== 'object') return;
  const schema = node as Node;
  if (schema.properties && !('additionalProperties' in schema) && !bases.has(schema)) {
    schema.unevaluatedProperties = false;
  }
  for (const child of Object.values(schema)) closeObjects(child, bases);
}

function basesOf(node: unknown, found = new Set<unknown>()): Set<unknown> {
  if (node === null || typeof node !== 'object') return found;
  for (const base of ((node as Node).allOf as Node[] | undefined) ?? []) found.add(follow(base));
  for (const child of Object.values(node)) basesOf(child, found);
  return found;
}

const bases = basesOf(document);
closeObjects(document.components.schemas, bases);
closeObjects(document.components.responses, bases);
closeObjects(document.paths, bases);

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv, { mode: 'full' });
ajv.addFormat('iana-time-zone', /^(UTC|GMT|[A-Z][A-Za-z]+(\/[A-Za-z0-9_+-]+){1,2})$/);
ajv.addFormat('excluded-date', (text: string) => !Number.isNaN(Date.parse(text)));
ajv.addFormat('well-formed', (text: string) => !/\p{Cs}/u.test(text));
ajv.addSchema(document, 'contract');
const compiled = new Map<Node, ValidateFunction>();

function validatorOf(schema: Node): ValidateFunction {
  let validate = compiled.get(schema);
  if (!validate) {
    // References start at the document's root.
    const absolute = JSON.parse(
      JSON.stringify(schema, (key, value) =>
        key === '$ref' && typeof value === 'string' ? value.replace(/^#/, 'contract#') : value,
      ),
    );
    validate = ajv.compile(absolute);
    compiled.set(schema, validate);
  }
  return validate;
}

function assertMatches(schema: Node, value: unknown, what: string): void {
  const validate = validatorOf(schema);
  assert.ok(
    validate(value),
    `${what}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)?.slice(0, 500)}`,
  );
}

/** Fails unless a value is valid by this schema of the contract, without additional properties. */
export function assertSchema(name: string, value: unknown): void {
  const schema = document.components.schemas?.[name];
  assert.ok(schema, `The contract has no schema ${name}.`);
  assertMatches(schema, value, name);
}

function matches(template: string, path: string): boolean {
  const wanted = template.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => (part.startsWith('{') ? given[index] !== '' : part === given[index]))
  );
}

// Paths without parameters win, as in the service's router.
function pathItem(path: string): Record<string, Node> | undefined {
  const templates = Object.keys(document.paths).filter((template) => matches(template, path));
  const [template] = templates.sort((a, b) => a.split('{').length - b.split('{').length);
  return template === undefined ? undefined : document.paths[template];
}

// Responses that are possible at addresses and methods without an operation.
const unrouted: Record<number, string> = {
  400: 'MalformedRequest',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'RequestTimeout',
  431: 'HeadersTooLarge',
};

const formerPaths = Object.values(document.paths).flatMap((item) =>
  Object.values(item).flatMap((operation) => (operation['x-former-path'] as string | undefined) ?? []),
);
const moved: Node = { headers: { Location: { required: true, schema: { type: 'string' } } } };

/** The response for a path where operations were in an earlier version of the contract; undefined for other paths. */
function redirection(path: string, status: number): Node | undefined {
  if (!formerPaths.some((template) => matches(template, path))) return undefined;
  return status === 308 ? moved : document.components.responses?.UnsupportedMediaType;
}

function describedResponse(method: string, path: string, status: number): Node | undefined {
  const name = method === 'HEAD' ? 'get' : method.toLowerCase();
  const operation = pathItem(path)?.[name];
  const responses = (operation?.responses ?? {}) as Record<string, Node>;
  const described = responses[status] ?? responses[`${String(status)[0]}XX`];
  if (described) return follow(described);
  if (status === 308 || (status === 415 && !operation)) return redirection(path, status);
  const fallback = unrouted[status];
  if (!fallback || operation) return undefined;
  return document.components.responses?.[fallback];
}

// A strong entity tag means one body (RFC 9110, section 8.8.1); the first body is kept for comparison.
const shown = new Map<string, unknown>();

function assertOneBody(what: string, { headers, body }: ObservedResponse): void {
  // The entity tag does not cover a secret, which is shown once.
  const { secret: _secret, ...entity } = body as Record<string, unknown>;
  const key = JSON.stringify([entity.user_id, entity.id, headers.etag]);
  if (shown.has(key)) assert.deepEqual(entity, shown.get(key), `${what}: another body under ${headers.etag}`);
  shown.set(key, entity);
}

/** Fails unless the contract has this response: its status, content type, headers and body. */
export function assertDescribed(method: string, url: string, response: ObservedResponse): void {
  const path = url.split('?')[0] as string;
  const what = `${method} ${path} ${response.status}`;
  if (method === 'OPTIONS' && response.status === 204) return;
  const described = describedResponse(method, path, response.status);
  assert.ok(described, `${what} is not in the contract: ${JSON.stringify(response.body)}`);

  for (const [name, reference] of Object.entries((described.headers ?? {}) as Record<string, Node>)) {
    const header = follow(reference);
    const value = response.headers[name.toLowerCase()];
    if (value === undefined) {
      assert.ok(!header.required, `${what} lacks the header ${name}`);
      continue;
    }
    const schema = header.schema as Node;
    assertMatches(schema, schema.type === 'integer' ? Number(value) : value, `${what}, header ${name}`);
  }

  const content = described.content as Record<string, { schema: Node }> | undefined;
  if (!content) {
    assert.equal(response.body, undefined, `${what} has a body`);
    return;
  }
  if (method === 'HEAD') return;
  const type = String(response.headers['content-type'] ?? '').split(';')[0] as string;
  const media = content[type];
  assert.ok(media, `${what} has content type ${type}, not one of ${Object.keys(content)}`);
  assertMatches(media.schema, response.body, what);
  if (response.status < 300 && response.headers.etag !== undefined) assertOneBody(what, response);
  if (type === 'application/problem+json') {
    const problem = response.body as { status: number; request_id: string; type: string; code: string };
    assert.equal(problem.status, response.status, `${what}: status in the body`);
    assert.equal(problem.request_id, response.headers['x-request-id'], `${what}: request id in the body`);
    assert.equal(problem.type, `/problems/${problem.code}`, `${what}: type`);
  }
}
