/** The addresses that operations had before (`x-former-path`). */
import { negotiatedType } from '../bodies/body';
import type { Method, Operation } from '../document/contract';
import type { Exchange } from './exchange';

/** The operations that a method at a former address can mean, one for each media type. */
interface FormerAddress {
  readonly method: Method;
  readonly path: string;
  readonly operations: readonly Operation[];
}

/** The former addresses of operations, with each method. */
export function formerAddresses(operations: readonly Operation[]): FormerAddress[] {
  const moved = operations.filter(({ formerPath }) => formerPath !== null);
  const groups = Map.groupBy(moved, ({ method, formerPath }) => `${method} ${formerPath}`);
  return [...groups.values()].map((each) => {
    const { method, formerPath } = each[0] as Operation;
    return { method, path: formerPath as string, operations: each };
  });
}

/**
 * Answers a request at a former address with 308 and the address of the operation that accepts its media type (RFC 9110,
 * section 15.4.9). One address can have become several, one for each media type.
 */
export function redirect(
  operations: readonly Operation[],
): (exchange: Exchange, query: string) => Promise<void> {
  const paths = new Map(operations.flatMap(({ mediaTypes, path }) => mediaTypes.map((type) => [type, path])));
  const types = [...paths.keys()];
  return async ({ request, response, head }, query) => {
    const path = paths.get(negotiatedType(types, request)) as string;
    const address = path.replace(/\{([^{}]+)\}/g, (_, name: string) =>
      encodeURIComponent(String(request.params[name])),
    );
    head.setHeader('Location', query === '' ? address : `${address}?${query}`);
    head.send(response, 308);
  };
}
