/** The contract's table: a case for every operation and every status that only this operation has. */

import type { OperationId } from '../../src/platform/contract/document/operations';
import type { FailureCodeAt, Status, SuccessStatus } from '../../src/platform/contract/http/call';
import type { ApiResponse, RequestOptions } from '../support/api';

/**
 * Statuses with the same cause everywhere; `shared.test.ts` and `safe-writes.test.ts` test them on every operation that
 * has them. The same holds for a status without a problem of the operation's own (409 that is only about a key).
 */
type SharedStatus = 400 | 401 | 403 | 405 | 408 | 413 | 415 | 422 | 429 | 431 | '5XX';

type OwnStatus<Id extends OperationId> = {
  [S in Exclude<Status<Id>, SharedStatus>]: S extends SuccessStatus<Id>
    ? S
    : [FailureCodeAt<Id, S>] extends [never]
      ? never
      : S;
}[Exclude<Status<Id>, SharedStatus>];

/** The case's own user, and a function that sends requests as that user. */
export interface CaseContext {
  readonly userId: string;
  /** Where the user's lane is: `/api/<user_id>`. */
  readonly lane: string;
  /** The URL of the service's database, for its owner. */
  readonly databaseUrl: string;
  send(method: string, path: string, options?: RequestOptions): Promise<ApiResponse>;
}

/** Prepares its data and returns the response that must have the case's status. */
export type Case = (context: CaseContext) => Promise<ApiResponse>;

export type CasesOf<Id extends OperationId> = {
  readonly [I in Id]: { readonly [S in OwnStatus<I>]: Case };
};

export type Cases = CasesOf<OperationId>;
