/** Collects what is wrong, with the log of that moment. */
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type LoggedError, wasUnavailable } from '../support/logged-errors';
import type { Fail } from './client';
import type { PastFault } from './faults';
import type { Failure } from './figures';
import type { Instance } from './processes';

const keptLogs = 50;
const linesOfFailure = 40;
/** The lines of the log arrive a moment later. */
const delayMs = 500;
const recentFaultsMs = 10_000;

export interface Failures {
  readonly fail: Fail;
  readonly all: readonly Failure[];
  /** Fails for an error in the log of an instance that is not one of an unavailable database. */
  checkLine(name: string, line: string): void;
}

export interface FailuresOptions {
  /** The directory of `failures.log`. It is emptied. */
  readonly directory: string;
  readonly seed: number;
  readonly now: () => number;
  readonly past: readonly PastFault[];
  /** All instances so far. */
  readonly instances: readonly Instance[];
  readonly say: (line: string) => void;
}

/** The heavy user erases its lane, also while it exports it. The export then breaks off (docs/decisions/0004). */
const erased = 'The lane was erased during its export.';

function isExpected(err: LoggedError | undefined, status: number | undefined): boolean {
  if (err === undefined) return status === 503;
  return wasUnavailable(err) || err.message === erased;
}

export function collectFailures(options: FailuresOptions): Failures {
  const { directory, seed, now, past, instances, say } = options;
  const all: Failure[] = [];
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });

  function fail(reason: string): void {
    const at = now();
    all.push({ at, reason });
    if (all.length > keptLogs) return;
    say(`FAILED (seed ${seed}): ${reason}`);
    const active = past
      .filter(({ begin, end }) => begin <= at && end >= at - recentFaultsMs)
      .map(({ name }) => name);
    setTimeout(() => {
      const logs = instances
        .slice(-3)
        .map(({ name, lines }) => `--- ${name}\n${lines.slice(-linesOfFailure).join('\n')}`);
      const head =
        `=== ${(at / 1000).toFixed(1)} s, seed ${seed}: ${reason}\n` +
        `Faults in the last ${recentFaultsMs / 1000} s: ${active.join(', ') || 'none'}`;
      appendFileSync(join(directory, 'failures.log'), `${head}\n${logs.join('\n')}\n\n`);
    }, delayMs);
  }

  function checkLine(name: string, line: string): void {
    if (!line.startsWith('{')) {
      if (/Warning: |Unhandled|FATAL ERROR/.test(line)) fail(`${name} wrote: ${line}`);
      return;
    }
    if (!/"level":[56]0/.test(line)) return;
    const { err, msg, ...rest } = JSON.parse(line);
    if (isExpected(err, rest.status)) return;
    fail(`${name} logged "${msg}": ${JSON.stringify(err ?? rest).slice(0, 1_500)}`);
  }

  return { fail, all, checkLine };
}
