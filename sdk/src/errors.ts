/** The errors of the client. */
import type { Problem, ProblemCode } from './schemas.js';

/** `unwrap` throws this if the service answered with a problem (RFC 9457). */
export class TasklaneProblem<Code extends ProblemCode = ProblemCode> extends Error {
  override readonly name = 'TasklaneProblem';
  readonly code: Code;
  /** The status of the response. */
  readonly status: number;
  /** The id under which the service logged the request. */
  readonly requestId: string;
  readonly problem: Extract<Problem, { code: Code }>;
  /** The response, for its headers; its body is already read. */
  readonly response: Response;

  constructor(problem: Extract<Problem, { code: Code }>, response: Response) {
    super(`${problem.code}: ${problem.detail}`);
    this.code = problem.code as Code;
    this.status = response.status;
    this.requestId = problem.request_id;
    this.problem = problem;
    this.response = response;
  }
}

/**
 * Every call rejects with this error if there was no response, or if the response is not from Tasklane, for example the error
 * page of a proxy. It is then unknown whether the request took effect.
 */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  /** The response from another server; undefined if there was none. */
  readonly response: Response | undefined;
  /** The text of that response. */
  readonly body: string | undefined;

  constructor(message: string, options: { cause?: unknown; response?: Response; body?: string } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.response = options.response;
    this.body = options.body;
  }
}

/** Whether a caught error is a problem; if codes are given, one with such a code. */
export function isProblem<Code extends ProblemCode = ProblemCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is TasklaneProblem<Code> {
  // The name is compared because a program can contain this package twice, as ES module and as CommonJS.
  const { name, code } = (error ?? {}) as Partial<TasklaneProblem>;
  return name === 'TasklaneProblem' && (codes.length === 0 || codes.some((each) => each === code));
}

/**
 * Calls reject with this error if `token` is a function and has no token: nobody is signed in, or the function failed
 * (`cause`). Nothing was changed.
 */
export class NoTokenError extends Error {
  override readonly name = 'NoTokenError';

  constructor(options: { cause?: unknown } = {}) {
    super('The token function has no token.', options);
  }
}

export interface Result {
  data?: unknown;
  error?: unknown;
  response: Response;
}

export type DataOf<R extends Result> = R extends { data: infer Data } ? Data : never;

/**
 * Returns the data of a call's result. Do not use it for requests with `If-None-Match`: check `response.status` instead.
 * @throws {TasklaneProblem} if the result is a problem; Error if the status is 304, which has no data
 */
export async function unwrap<R extends Result>(call: PromiseLike<R>): Promise<DataOf<R>> {
  const { data, error, response } = await call;
  if (error) throw new TasklaneProblem(error as Problem, response);
  if (response.status === 304) throw new Error(`${response.url}: 304 Not Modified has no data`);
  return data as DataOf<R>;
}
