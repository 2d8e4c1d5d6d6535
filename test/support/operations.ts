/** Requests made up from the contract, for tests that try something on every operation. */
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

/** The query parameters that the operation can't do without, as `?name=example`; empty where there are none. */
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

/** The contract's example of the request body, undefined if the operation takes none. */
export function exampleBody(operation: Operation): unknown {
  const media = operation.mediaTypes[0];
  return media === undefined ? undefined : described(operation).requestBody?.content[media]?.example;
}

interface BodySchema {
  properties?: Record<string, { $ref?: string }>;
}

function bodySchema(operation: Operation): BodySchema {
  const media = operation.mediaTypes[0];
  const schema = media === undefined ? {} : described(operation).requestBody?.content[media]?.schema;
  return resolve(contractDocument, schema ?? {});
}

/** The fields that an operation's body can have, at its top. */
export function bodyFields(operation: Operation): string[] {
  return Object.keys(bodySchema(operation).properties ?? {});
}

/** Whether a field of a body holds the id of something else than what it makes. */
export function idField(operation: Operation, field: string): boolean {
  return field !== 'id' && /\/(Nullable)?Id$/.test(bodySchema(operation).properties?.[field]?.$ref ?? '');
}

/** The statuses that the contract names for an operation. */
export function statusesOf(operation: Operation): string[] {
  return Object.keys(described(operation).responses);
}
