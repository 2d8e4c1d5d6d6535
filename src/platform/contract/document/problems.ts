import { contractDocument } from './contract';
import type { Schemas, ValidationError } from './operations';
import { bounded, maxErrors, summaryOf } from './validation-errors';

type CodeOf<S> = S extends { code?: infer Code } ? (string extends Code ? never : NonNullable<Code>) : never;

/** The code of every type of problem in the contract. */
export type ProblemCode = CodeOf<Schemas[keyof Schemas]> & string;

/** A problem as RFC 9457 has it, with the members that the contract adds. */
export type Problem = Schemas['Problem'] & { errors?: ValidationError[]; errors_omitted?: number };

/** A type of problem. */
export interface ProblemType {
  readonly code: ProblemCode;
  readonly status: number;
  readonly title: string;
  /** What its page says. */
  readonly description: string;
  /** What `detail` says unless there is more to say. */
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

/** Every type of problem in the contract, by its code. */
export const problemTypes = readProblemTypes();

/** The members of a problem that differ from one time to the next. */
export interface ProblemMembers {
  detail?: string;
  errors?: ValidationError[];
  /** How many faults there are beside `errors`. */
  errors_omitted?: number;
  /** The representation as it now is. */
  current?: unknown;
  /** The quota that is exceeded, and how much the lane may hold. */
  quota?: string;
  limit?: number;
}

/** Ends the request with a problem of the contract; the platform's own checks throw it, handlers return `call.fail`. */
export class ProblemError extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly members: ProblemMembers = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code);
  }
}

/** As many faults as a problem lists, and how many more there are. */
function listed(errors: readonly ValidationError[], omitted = 0): ProblemMembers {
  return {
    errors: errors.slice(0, maxErrors).map(bounded),
    errors_omitted: omitted + Math.max(0, errors.length - maxErrors),
  };
}

/** What `detail` says: the members' own text, then the first validation error; the contract's text if there is neither. */
function detailOf(type: ProblemType, { detail, errors = [], errors_omitted = 0 }: ProblemMembers): string {
  const texts = [detail, summaryOf(errors, errors_omitted)].filter((text) => text !== undefined);
  return texts.length > 0 ? texts.join(' ') : type.detail;
}

/** The body of a problem response (RFC 9457), with 100 faults at most. */
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
