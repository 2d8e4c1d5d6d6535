/** Calls of operations by programs that are not HTTP clients of the service, such as the tools of agents. */
import type { Operation } from '../document/contract';
import type { OperationId, Schemas } from '../document/operations';
import type { Call, ReplyBody, SuccessStatus } from './call';

/** The parameters and the body of a call. The user of the path is the caller. */
export interface OperationInput<Id extends OperationId> {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Partial<Call<Id>['query']>;
  readonly body?: object;
  /** A write with a key is carried out once. */
  readonly idempotencyKey?: string | undefined;
}

/** The result of an operation, or its problem. */
export type Answer<Id extends OperationId> =
  | {
      readonly status: number;
      readonly body: ReplyBody<Id, SuccessStatus<Id>>;
      /** The id of a write's request, with which the write can be taken back. */
      readonly request?: string | undefined;
      /** Whether the reply is that of an earlier call with the same idempotency key. */
      readonly replayed?: boolean;
    }
  | { readonly problem: AnyProblem };

/** A problem of any type. Some types have more members. */
export type AnyProblem = Schemas['Problem'] & {
  readonly errors?: Schemas['ValidationError'][];
  readonly results?: Schemas['BatchResult'][];
};

/**
 * Carries out an operation for a caller, with all checks of a request: rights, limits, the contract, the lane,
 * idempotency and quotas. The result is validated too. Operations with streamed or spooled bodies cannot be called.
 */
export type Execute = <Id extends OperationId>(id: Id, input?: OperationInput<Id>) => Promise<Answer<Id>>;

/** A call of an operation in the form of a request. */
export interface RequestForm {
  readonly method: string;
  readonly params: Record<string, string>;
  readonly path: string;
  readonly query: string;
  readonly headers: Record<string, string>;
}

/** Puts the input of a call into the form of a request. Lists in the query are separated by commas. */
export function requestForm(
  { method, path, mediaTypes }: Operation,
  userId: string,
  { path: parts = {}, query = {}, body, idempotencyKey }: OperationInput<OperationId>,
): RequestForm {
  const params: Record<string, string> = { user_id: userId, ...parts };
  const texts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return {
    method: method.toUpperCase(),
    params,
    path: path.replace(/\{([^{}]+)\}/g, (_, name: string) => encodeURIComponent(params[name] as string)),
    query: new URLSearchParams(texts).toString(),
    headers: {
      ...(body !== undefined && { 'content-type': mediaTypes[0] as string }),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    },
  };
}

/** Reads the answer to a call from the response. @param header returns the value of a header */
export function readAnswer<Id extends OperationId>(
  status: number,
  text: string,
  header: (name: string) => string | null | undefined,
): Answer<Id> {
  const body = text === '' ? undefined : JSON.parse(text);
  if (status >= 400) return { problem: body };
  const request = header('Tasklane-Request') ?? undefined;
  return { status, body, request, replayed: header('Idempotency-Replayed') === 'true' };
}
