/** Requests from the contract's examples, for tests of every operation. */
import {
  contractDocument,
  type Operation,
  readContract,
  resolve,
} from '../../src/platform/contract/document/contract';

export const operations: readonly Operation[] = readContract(contractDocument).operations;

interface Described {
  name: string;
  in: string;
  required?: boolean;
  schema?: { $ref?: string };
  example?: unknown;
}

interface PathItem {
  parameters?: Described[];
}

interface OperationItem extends PathItem {
  requestBody?: { content: Record<string, { example: unknown; schema?: BodySchema }> };
  responses: Record<string, unknown>;
}

function described(operation: Operation): OperationItem {
  const item = contractDocument.paths?.[operation.path] as unknown as Record<string, OperationItem> &
    PathItem;
  const own = item[operation.method] as OperationItem;
  return { ...own, parameters: [...(item.parameters ?? []), ...(own.parameters ?? [])] };
}

function parametersOf(operation: Operation): Described[] {
  return (described(operation).parameters ?? []).map((each) => resolve(contractDocument, each));
}

function exampleOf({ schema, example }: Described, userId: string): string {
  return encodeURIComponent(schema?.$ref?.endsWith('/UserId') ? userId : String(example));
}

/** The required query parameters as `?name=example`; empty if there are none. */
export function exampleQuery(operation: Operation, userId: string): string {
  const required = parametersOf(operation).filter((each) => each.in === 'query' && each.required);
  const pairs = required.map((each) => `${each.name}=${exampleOf(each, userId)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** The operation's path and query with the contract's examples in them, in the lane of `userId`. */
export function examplePath(operation: Operation, userId: string): string {
  const parameters = parametersOf(operation).filter((each) => each.in === 'path');
  const path = operation.path.replace(/\{([^}]+)\}/g, (_match, name: string) =>
    exampleOf(parameters.find((each) => each.name === name) as Described, userId),
  );
  return path + exampleQuery(operation, userId);
}

/** The contract's example of the request body; undefined if the operation has none. */
export function exampleBody(operation: Operation): unknown {
  const media = operation.mediaTypes[0];
  return media === undefined ? undefined : described(operation).requestBody?.content[media]?.example;
}

/** The contract's example of a request: its body and media type, for `send`; empty if the operation has no body. */
export function exampleRequest(operation: Operation): { body?: unknown; headers?: Record<string, string> } {
  const [type] = operation.mediaTypes;
  return type === undefined ? {} : { body: exampleBody(operation), headers: { 'Content-Type': type } };
}

interface BodySchema {
  properties?: Record<string, { $ref?: string }>;
}

function bodySchema(operation: Operation): BodySchema {
  const media = operation.mediaTypes[0];
  const schema = media === undefined ? {} : described(operation).requestBody?.content[media]?.schema;
  return resolve(contractDocument, schema ?? {});
}

/** The top-level fields of an operation's body. */
export function bodyFields(operation: Operation): string[] {
  return Object.keys(bodySchema(operation).properties ?? {});
}

/** Whether a field of a body is the id of an existing entity. */
export function idField(operation: Operation, field: string): boolean {
  return field !== 'id' && /\/(Nullable)?Id$/.test(bodySchema(operation).properties?.[field]?.$ref ?? '');
}

/** The statuses of an operation in the contract. */
export function statusesOf(operation: Operation): string[] {
  return Object.keys(described(operation).responses);
}

/** Whether a part of the contract refers to a schema, directly or through other references. */
function refersTo(part: unknown, schema: string, seen = new Set<string>()): boolean {
  return [...JSON.stringify(part ?? {}).matchAll(/"#\/components\/(\w+)\/(\w+)"/g)].some(
    ([reference, kind = '', name = '']) => {
      if (name === schema) return true;
      if (seen.has(reference)) return false;
      seen.add(reference);
      const components = contractDocument.components as Record<string, Record<string, unknown>>;
      return refersTo(components[kind]?.[name], schema, seen);
    },
  );
}

/** The ids of the operations that can answer a status with a schema of a problem. */
export function operationsWithProblem(status: number, schema: string): string[] {
  return operations.filter((each) => refersTo(described(each).responses[status], schema)).map(({ id }) => id);
}
