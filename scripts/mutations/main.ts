/**
 * Plants faults in a copy of the tree, one at a time, and runs the tests that must notice. Exits with 1 if a fault
 * survives. `npm run test:mutations -- --only <text>` plants those whose file or description has the text.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectPath } from '../../src/platform/paths';
import { type Mutation, mutations } from './list';

const timeoutMs = 300_000;

type Outcome = 'noticed' | 'hung' | 'survived' | 'broken';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Copies what Git knows or would take, so that neither builds nor secrets come along. */
function copyTree(): string {
  const root = projectPath('.');
  const copy = mkdtempSync(join(tmpdir(), 'tasklane-mutations-'));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  for (const file of listed.split('\0').filter(Boolean)) {
    // A file that was removed and not yet committed is still listed.
    cpSync(join(root, file), join(copy, file), { recursive: true, force: true, errorOnExist: false });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  return copy;
}

interface Report {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
  readonly success: boolean;
}

/** Runs tests in the copy. @returns Jest's report; null if they did not end in time */
async function runTests(copy: string, tests: readonly string[], names?: string): Promise<Report | null> {
  const output = join(copy, 'mutation-report.json');
  rmSync(output, { force: true });
  const pattern = names === undefined ? [] : ['--testNamePattern', names];
  const child = spawn(
    process.execPath,
    [
      'node_modules/jest/bin/jest.js',
      '--silent',
      '--json',
      '--outputFile',
      output,
      ...pattern,
      '--runTestsByPath',
      ...tests,
    ],
    // A group of its own: with the tests end the processes that they started.
    { cwd: copy, detached: true, stdio: 'ignore' },
  );
  const signal = (name: NodeJS.Signals) => child.pid !== undefined && process.kill(-child.pid, name);
  let hung = false;
  const deadline = setTimeout(() => {
    hung = true;
    signal('SIGINT');
    setTimeout(() => signal('SIGKILL'), 10_000).unref();
  }, timeoutMs);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(deadline);
  if (hung) return null;
  return JSON.parse(readFileSync(output, 'utf8'));
}

function outcomeOf(report: Report | null): Outcome {
  if (!report) return 'hung';
  if (report.numFailedTests + report.numPassedTests === 0) return 'broken';
  // Jest counts no test as failed where what comes after them fails.
  return report.success ? 'survived' : 'noticed';
}

async function plant(copy: string, { file, find, replace, tests, names }: Mutation): Promise<Outcome> {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(find).length !== 2) return 'broken';
  // A function, for `$` in a text to replace with has a meaning.
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  try {
    return outcomeOf(await runTests(copy, tests, names));
  } finally {
    writeFileSync(path, source);
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const only = values.only ?? '';
  const chosen = mutations.filter(({ file, fault }) => `${file} ${fault}`.includes(only));
  if (chosen.length === 0) throw new Error(`No mutation has ${only} in its file or description.`);
  const copy = copyTree();
  try {
    const tests = [...new Set(chosen.flatMap((each) => each.tests))];
    const clean = await runTests(copy, tests);
    if (!clean?.success) {
      say('The tests fail without a fault.');
      return 1;
    }
    const counts: Record<Outcome, number> = { noticed: 0, hung: 0, survived: 0, broken: 0 };
    for (const mutation of chosen) {
      const began = performance.now();
      const outcome = await plant(copy, mutation);
      counts[outcome]++;
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      say(`${outcome.padEnd(8)} ${seconds.padStart(6)} s  ${mutation.file}: ${mutation.fault}`);
    }
    const score = counts.noticed + counts.hung;
    say(`${score} of ${chosen.length} faults were noticed (${counts.hung} by a test that did not end).`);
    if (counts.broken > 0)
      say(`${counts.broken} could not be planted or tried: see scripts/mutations/list.ts.`);
    return score === chosen.length ? 0 : 1;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
