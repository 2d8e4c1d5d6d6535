import { readFileSync } from 'node:fs';
import type { OpenAPIV3 } from 'express-openapi-validator/dist/framework/types';
import type { Scope } from '../../auth/scopes';
import { projectPath } from '../../paths';
import { type Cost, readCost } from './cost';
import { type Deprecation, deprecationHeaders } from './deprecation';
import type { OperationId } from './operations';

export type OpenApiDocument = OpenAPIV3.DocumentV3_1;

const methods = ['get', 'put', 'post', 'patch', 'delete'] as const;
export type Method = (typeof methods)[number];

/** The facts about an operation that the platform needs at run time. */
export interface Operation {
  readonly id: OperationId;
  readonly method: Method;
  /** The path, as in the contract: `/api/{user_id}/tasks`. */
  readonly path: string;
  /** An address that the operation had before; null if it had none. */
  readonly formerPath: string | null;
  /** The scope that the caller needs; null if the operation needs no token. */
  readonly scope: Scope | null;
  /** Whether tokens of clients are refused. */
  readonly isUserOnly: boolean;
  /** The names of its query parameters. */
  readonly queryNames: ReadonlySet<string>;
  /** The names of its header parameters, in lower case. */
  readonly headerNames: readonly string[];
  /** The media types of its request body, the preferred one first; empty if it has no body. */
  readonly mediaTypes: readonly string[];
  readonly bodyRequired: boolean;
  /** The schema of query, path parameters and body together, by the media type of the body; undefined for no body. */
  readonly inputSchemas: ReadonlyMap<string | undefined, object>;
  /** The statuses of its responses. */
  readonly statuses: readonly number[];
  /** Whether its body is spooled to a file and read in pieces. */
  readonly isSpooled: boolean;
  /** True if the handler checks the body, because it also accepts documents that the schema does not describe. */
  readonly acceptsOthers: boolean;
  /** The media types of response bodies, by status. */
  readonly responseTypes: ReadonlyMap<string, string>;
  /** The schemas of response bodies, by status. */
  readonly responseSchemas: ReadonlyMap<string, object>;
  /** The defaults of the query parameters. */
  readonly queryDefaults: Readonly<Record<string, unknown>>;
  /** The statuses whose responses have an `ETag`. */
  readonly tagged: ReadonlySet<string>;
  /** Whether requests can have an `Idempotency-Key`. */
  readonly takesKey: boolean;
  /** The `GET` whose entity tag an `If-Match` is compared with; null if the operation accepts no `If-Match`. */
  readonly representation: OperationId | null;
  /** The units that a request costs of its rate limit. */
  readonly cost: Cost;
  /** The headers of all its responses if it is deprecated, else null. */
  readonly deprecationHeaders: Readonly<Record<string, string>> | null;
}

export interface Contract {
  readonly document: OpenApiDocument;
  readonly operations: readonly Operation[];
}

// The parts of OpenAPI 3.1 that this module uses.
interface ReferenceOr {
  $ref?: string;
}
interface ParameterObject extends ReferenceOr {
  name: string;
  in: string;
  schema?: { default?: unknown };
}
interface BodyObject extends ReferenceOr {
  content?: Record<string, { schema?: object }>;
  required?: boolean;
  'x-spooled'?: boolean;
  'x-other-documents'?: boolean;
}
interface ResponseObject extends BodyObject {
  headers?: Record<string, unknown>;
}
interface OperationObject {
  operationId: string;
  parameters?: ParameterObject[];
  requestBody?: BodyObject;
  responses: Record<string, ResponseObject>;
  security?: Record<string, string[]>[];
  'x-former-path'?: string;
  'x-representation'?: string;
  'x-cost'?: Cost;
  'x-user-only'?: boolean;
  'x-deprecation'?: Deprecation;
}

/** Follows a local reference (`#/components/…`). Returns any other node as it is. */
export function resolve<T extends object>(document: object, node: T): T {
  const reference = (node as ReferenceOr).$ref;
  if (typeof reference !== 'string') return node;
  let target: unknown = document;
  for (const key of reference.slice(2).split('/')) target = (target as Record<string, unknown>)[key];
  if (target === undefined) throw new Error(`The contract refers to ${reference}, which it does not have.`);
  return resolve(document, target as T);
}

const scopes: Readonly<Record<string, Scope>> = { 'tasklane:read': 'read', 'tasklane:write': 'write' };

// The security requirements are alternatives, one for each way to authenticate. All name the same scope.
function readScope(operationId: string, security: Record<string, string[]>[]): Scope | null {
  if (security.length === 0) return null;
  const names = new Set(security.flatMap((requirement) => Object.values(requirement).flat()));
  const scope = scopes[[...names].join(' ')];
  if (!scope) throw new Error(`The contract's ${operationId} must require one of ${Object.keys(scopes)}.`);
  return scope;
}

/** The property names are those of Express requests. */
function inputSchema(parameters: readonly ParameterObject[], body: object): object {
  const of = (place: string) => ({
    properties: Object.fromEntries(
      parameters.filter((each) => each.in === place).map(({ name, schema = {} }) => [name, schema]),
    ),
  });
  return { properties: { query: of('query'), params: of('path'), body } };
}

function readOperation(
  document: OpenApiDocument,
  path: string,
  method: Method,
  shared: ParameterObject[],
  operation: OperationObject,
): Operation {
  const parameters = [...shared, ...(operation.parameters ?? [])].map((each) => resolve(document, each));
  const query = parameters.filter((each) => each.in === 'query');
  const headers = parameters.filter((each) => each.in === 'header');
  const takes = (name: string) => headers.some((each) => each.name === name);
  const deprecation = operation['x-deprecation'];
  const body = operation.requestBody && resolve(document, operation.requestBody);
  const responses = Object.entries(operation.responses).map(
    ([status, response]) => [status, resolve(document, response)] as const,
  );
  const contents = responses.flatMap(([status, { content = {} }]) => {
    const [type, media] = Object.entries(content)[0] ?? [];
    return type === undefined ? [] : [{ status, type, schema: media?.schema ?? {} }];
  });
  return {
    id: operation.operationId as OperationId,
    method,
    path,
    formerPath: operation['x-former-path'] ?? null,
    scope: readScope(operation.operationId, operation.security ?? document.security ?? []),
    isUserOnly: operation['x-user-only'] ?? false,
    queryNames: new Set(query.map((each) => each.name)),
    headerNames: headers.map((each) => each.name.toLowerCase()),
    mediaTypes: Object.keys(body?.content ?? {}),
    bodyRequired: body?.required ?? false,
    inputSchemas: new Map([
      [undefined, inputSchema(parameters, {})],
      ...Object.entries(body?.content ?? {}).map(
        ([type, { schema = {} }]) => [type, inputSchema(parameters, schema)] as const,
      ),
    ]),
    statuses: Object.keys(operation.responses).map(Number),
    isSpooled: body?.['x-spooled'] ?? false,
    acceptsOthers: body?.['x-other-documents'] ?? false,
    responseTypes: new Map(contents.map(({ status, type }) => [status, type])),
    responseSchemas: new Map(contents.map(({ status, schema }) => [status, schema])),
    queryDefaults: Object.fromEntries(
      query.flatMap(({ name, schema }) => (schema?.default === undefined ? [] : [[name, schema.default]])),
    ),
    tagged: new Set(responses.flatMap(([status, { headers = {} }]) => ('ETag' in headers ? [status] : []))),
    takesKey: takes('Idempotency-Key'),
    representation: takes('If-Match') ? representationOf(document, path, operation) : null,
    cost: readCost(operation['x-cost']),
    deprecationHeaders: deprecation === undefined ? null : deprecationHeaders(deprecation),
  };
}

/** Finds the operation that `x-representation` names, or else the `GET` at the path or at its nearest parent path. */
function representationOf(document: OpenApiDocument, path: string, operation: OperationObject): OperationId {
  const named = operation['x-representation'];
  if (named !== undefined) return named as OperationId;
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const get = document.paths?.[at]?.get as OperationObject | undefined;
    if (get) return get.operationId as OperationId;
  }
  throw new Error(
    `The contract's ${operation.operationId} accepts If-Match, but no GET has the representation.`,
  );
}

/** Reads the operations of an OpenAPI 3.1 document. All references must be local. */
export function readContract(document: OpenApiDocument): Contract {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) => {
    const pathItem = item as { parameters?: ParameterObject[] } & { [M in Method]?: OperationObject };
    return methods.flatMap((method) => {
      const operation = pathItem[method];
      return operation ? [readOperation(document, path, method, pathItem.parameters ?? [], operation)] : [];
    });
  });
  return { document, operations };
}

/** The bundled contract, `generated/openapi.json`. */
export const contractDocument: OpenApiDocument = JSON.parse(
  readFileSync(projectPath('generated', 'openapi.json'), 'utf8'),
);
