import { readFileSync } from 'node:fs';
import type { OpenAPIV3 } from 'express-openapi-validator/dist/framework/types';
import type { Scope } from '../auth/scopes';
import { projectPath } from '../paths';
import type { OperationId } from './operations';

export type OpenApiDocument = OpenAPIV3.DocumentV3_1;

const methods = ['get', 'put', 'post', 'patch', 'delete'] as const;
export type Method = (typeof methods)[number];

/** The limits to the size of bodies: one for files, and one for all else. */
export type BodyLimit = 'default' | 'import';

/** An operation as the platform needs it at run time. */
export interface Operation {
  readonly id: OperationId;
  readonly method: Method;
  /** The path as the contract writes it, `/api/{user_id}/tasks`. */
  readonly path: string;
  /** What the caller must be allowed; null where anyone may call. */
  readonly scope: Scope | null;
  /** The names of the query parameters that it takes. */
  readonly queryNames: ReadonlySet<string>;
  /** The names of the headers that it takes, in lower case. */
  readonly headerNames: readonly string[];
  /** The media types of its request body, the preferred one first; empty where it takes none. */
  readonly mediaTypes: readonly string[];
  readonly bodyRequired: boolean;
  /** The statuses that it answers with. */
  readonly statuses: readonly number[];
  /** Which of the configured limits its body has. */
  readonly bodyLimit: BodyLimit;
  /** The media type of each status's body. */
  readonly responseTypes: ReadonlyMap<string, string>;
}

export interface Contract {
  readonly document: OpenApiDocument;
  readonly operations: readonly Operation[];
}

// The parts of OpenAPI 3.1 that this module reads.
interface ReferenceOr {
  $ref?: string;
}
interface ParameterObject extends ReferenceOr {
  name: string;
  in: string;
}
interface BodyObject extends ReferenceOr {
  content?: Record<string, unknown>;
  required?: boolean;
  'x-body-limit'?: BodyLimit;
}
interface OperationObject {
  operationId: string;
  parameters?: ParameterObject[];
  requestBody?: BodyObject;
  responses: Record<string, BodyObject>;
  security?: Record<string, string[]>[];
}

/** Follows a local reference (`#/components/…`); anything else is returned as it is. */
export function resolve<T extends object>(document: object, node: T): T {
  const reference = (node as ReferenceOr).$ref;
  if (typeof reference !== 'string') return node;
  let target: unknown = document;
  for (const key of reference.slice(2).split('/')) target = (target as Record<string, unknown>)[key];
  if (target === undefined) throw new Error(`The contract refers to ${reference}, which it does not have.`);
  return resolve(document, target as T);
}

const scopes: Readonly<Record<string, Scope>> = { 'tasklane:read': 'read', 'tasklane:write': 'write' };

// The requirements are alternatives, one for each way to identify the caller, and all name the same scope.
function readScope(operationId: string, security: Record<string, string[]>[]): Scope | null {
  if (security.length === 0) return null;
  const names = new Set(security.flatMap((requirement) => Object.values(requirement).flat()));
  const scope = scopes[[...names].join(' ')];
  if (!scope) throw new Error(`The contract's ${operationId} must require one of ${Object.keys(scopes)}.`);
  return scope;
}

function readOperation(
  document: OpenApiDocument,
  path: string,
  method: Method,
  shared: ParameterObject[],
  operation: OperationObject,
): Operation {
  const parameters = [...shared, ...(operation.parameters ?? [])].map((each) => resolve(document, each));
  const body = operation.requestBody && resolve(document, operation.requestBody);
  const responseTypes = new Map<string, string>();
  for (const [status, response] of Object.entries(operation.responses)) {
    const type = Object.keys(resolve(document, response).content ?? {})[0];
    if (type !== undefined) responseTypes.set(status, type);
  }
  return {
    id: operation.operationId as OperationId,
    method,
    path,
    scope: readScope(operation.operationId, operation.security ?? document.security ?? []),
    queryNames: new Set(parameters.filter((each) => each.in === 'query').map((each) => each.name)),
    headerNames: parameters.filter((each) => each.in === 'header').map((each) => each.name.toLowerCase()),
    mediaTypes: Object.keys(body?.content ?? {}),
    bodyRequired: body?.required ?? false,
    statuses: Object.keys(operation.responses).map(Number),
    bodyLimit: body?.['x-body-limit'] ?? 'default',
    responseTypes,
  };
}

/** Reads the operations of an OpenAPI 3.1 document whose references are all local. */
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
