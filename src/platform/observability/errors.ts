/** Serializes errors for the log: their location and cause, without texts of users. */

import { types } from 'node:util';

const windowMs = 60_000;
const stacksPerWindow = 5;
const maxKinds = 1_000;
const maxCauses = 3;

// An error from another realm, such as a worker or a test, is an instance of another class.
const isError = (error: unknown): error is Error => types.isNativeError(error) || error instanceof Error;

/** The stack without the message, which can be long. */
function framesOf({ stack, name, message }: Error): string | undefined {
  const head = `${name}: ${message}`;
  return stack?.startsWith(head) ? stack.slice(head.length + 1) : stack;
}

/** The logged members of an error. Postgres' `detail`, `where` and `hint` are left out, because they quote rows. */
interface ErrorFacts {
  readonly type: string;
  readonly message: string;
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly stack?: string | undefined;
  /** The number of stacks of this kind that were left out since the last stack. */
  readonly stacks_left_out?: number;
  readonly cause?: ErrorFacts;
}

function factsOf(error: unknown, depth = 0): ErrorFacts {
  if (!isError(error)) return { type: typeof error, message: String(error) };
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  const inner = error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
  return {
    type: error.constructor.name,
    message: error.message,
    ...(code !== undefined && { code }),
    ...(constraint !== undefined && { constraint }),
    ...(inner !== undefined && depth < maxCauses && { cause: factsOf(inner, depth + 1) }),
  };
}

/**
 * Makes the serializer of errors. Errors of the same kind have the same type, code and origin. At most five stacks
 * per kind and minute are written, so that an outage gives one line per request and not thousands of equal stacks.
 */
export function errorSerializer(): (error: unknown) => ErrorFacts {
  let windows = new Map<string, { since: number; stacks: number; leftOut: number }>();
  return (error) => {
    const facts = factsOf(error);
    if (!isError(error)) return facts;
    const stack = framesOf(error);
    const origin = stack?.slice(0, Math.max(0, stack.indexOf('\n'))) ?? '';
    const kind = `${facts.type} ${facts.code} ${origin}`;
    const now = performance.now();
    let window = windows.get(kind);
    if (!window) {
      if (windows.size >= maxKinds) windows = new Map();
      window = { since: now, stacks: 0, leftOut: 0 };
      windows.set(kind, window);
    }
    if (now - window.since >= windowMs) Object.assign(window, { since: now, stacks: 0 });
    if (window.stacks >= stacksPerWindow) {
      window.leftOut++;
      return facts;
    }
    window.stacks++;
    const leftOut = window.leftOut;
    window.leftOut = 0;
    return { ...facts, stack, ...(leftOut > 0 && { stacks_left_out: leftOut }) };
  };
}
