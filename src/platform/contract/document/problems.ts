import { contractDocument } from './contract';
import type { Schemas, ValidationError } from './operations';
import { maxErrors, shortenError, summaryOf } from './validation-errors';

type CodeOf<S> = S extends { code?: infer Code } ? (string extends Code ? never : NonNullable<Code>) : never;

/** The codes of all types of problem in the contract. */
export type ProblemCode = CodeOf<Schemas[keyof Schemas]> & string;

/** A problem (RFC 9457) with the members that the contract adds. */
export type Problem = Schemas['Problem'] & { errors?: ValidationError[]; errors_omitted?: number };

/** A type of problem. */
export interface ProblemType {
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  /** The text of its documentation page. */
  readonly description: string;
  /** The `detail` if there is nothing more specific. */
  readonly detail: string;
}

interface ProblemSchema {
  title: string;
  description: string;
  'x-detail': string;
  properties?: { code?: { const?: ProblemCode }; status?: { const?: number } };
}

function readProblemTypes(): ReadonlyMap<string, ProblemType> {
  const types = new Map<string, ProblemType>();
  for (const schema of Object.values(
    (contractDocument.components.schemas ?? {}) as Record<string, ProblemSchema>,
  )) {
    const code = schema.properties?.code?.const;
    const status = schema.properties?.status?.const;
    if (code === undefined || status === undefined) continue;
    types.set(code, {
      code,
      status,
      title: schema.title,
      description: schema.description,
      detail: schema['x-detail'],
    });
  }
  return types;
}

/** All types of problem in the contract, by code. */
export const problemTypes = readProblemTypes();

/** The members of a problem that depend on the request. */
export interface ProblemMembers {
  detail?: string;
  errors?: ValidationError[];
  /** The number of further errors, which are not in `errors`. */
  errors_omitted?: number;
  /** The current representation. */
  current?: unknown;
  /** The quota that is exceeded, and its limit. */
  quota?: string;
  limit?: number;
  /** Why the service is not ready. */
  reasons?: readonly { readonly reason: string; readonly detail: string }[];
  /** The entity that has the id. */
  entity?: unknown;
}

/** Ends the request with a problem of the contract. Only the platform throws it; handlers return `call.fail`. */
export class ProblemError extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly members: ProblemMembers = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code);
  }
}

/** The errors that a problem lists, and the number of further errors. */
function listed(errors: readonly ValidationError[], omitted = 0): ProblemMembers {
  return {
    errors: errors.slice(0, maxErrors).map(shortenError),
    errors_omitted: omitted + Math.max(0, errors.length - maxErrors),
  };
}

/** The `detail`: the members' own text, then the first validation error; the contract's text if both are missing. */
function detailOf(type: ProblemType, { detail, errors = [], errors_omitted = 0 }: ProblemMembers): string {
  const texts = [detail, summaryOf(errors, errors_omitted)].filter((text) => text !== undefined);
  return texts.length > 0 ? texts.join(' ') : type.detail;
}

/** The body of a problem response (RFC 9457), with at most 100 errors. */
export function problemBody(code: ProblemCode, requestId: string, members: ProblemMembers = {}): Problem {
  const type = problemTypes.get(code);
  if (!type) throw new Error(`The contract has no problem ${code}.`);
  return {
    type: `/problems/${code}`,
    code,
    title: type.title,
    status: type.status,
    request_id: requestId,
    ...members,
    detail: detailOf(type, members),
    ...(members.errors && listed(members.errors, members.errors_omitted)),
  };
}
