/** Requests made up from the contract, for tests that try something on every operation. */
import { contractDocument, type Operation, readContract, resolve } from '../../src/contract/contract';

export const operations: readonly Operation[] = readContract(contractDocument).operations;

interface Described {
  name: string;
  in: string;
  example?: unknown;
}

interface PathItem {
  parameters?: Described[];
}

interface OperationItem extends PathItem {
  requestBody?: { content: Record<string, { example: unknown }> };
  responses: Record<string, unknown>;
}

function described(operation: Operation): OperationItem {
  const item = contractDocument.paths?.[operation.path] as unknown as Record<string, OperationItem> &
    PathItem;
  const own = item[operation.method] as OperationItem;
  return { ...own, parameters: [...(item.parameters ?? []), ...(own.parameters ?? [])] };
}

/** The operation's path with the contract's examples in it, in the lane of `userId`. */
export function examplePath(operation: Operation, userId: string): string {
  const examples = (described(operation).parameters ?? []).map((each) => resolve(contractDocument, each));
  return operation.path.replace(/\{([^}]+)\}/g, (_match, name: string) => {
    const example = examples.find((each) => each.in === 'path' && each.name === name)?.example;
    return encodeURIComponent(name === 'user_id' ? userId : String(example));
  });
}

/** The contract's example of the request body, undefined if the operation takes none. */
export function exampleBody(operation: Operation): unknown {
  const media = operation.mediaTypes[0];
  return media === undefined ? undefined : described(operation).requestBody?.content[media]?.example;
}

/** The statuses that the contract names for an operation. */
export function statusesOf(operation: Operation): string[] {
  return Object.keys(described(operation).responses);
}
