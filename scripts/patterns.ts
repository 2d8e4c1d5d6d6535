/** Finds regular expressions whose time is not linear in the length of the text. */
process.env.RECHECK_BACKEND = 'pure';

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type AttackPattern, checkSync } from 'recheck';
import ts from 'typescript';
import { projectPath } from '../src/platform/paths';

/** A regular expression and its location. */
export interface Found {
  readonly at: string;
  readonly source: string;
  readonly flags: string;
}

// Milliseconds for one check. A check that takes longer is reported, because simple expressions need less.
const timeout = 20_000;

/** The patterns of a document, with the flags that validators use. */
export function patternsOf(document: object): Found[] {
  const found = new Map<string, Found>();
  const visit = (node: unknown, at: string): void => {
    if (node === null || typeof node !== 'object') return;
    for (const [name, child] of Object.entries(node)) {
      const pointer = `${at}/${name}`;
      if (name === 'pattern' && typeof child === 'string' && !found.has(child)) {
        found.set(child, { at: pointer, source: child, flags: 'u' });
      } else visit(child, pointer);
    }
  };
  visit(document, '#');
  return [...found.values()];
}

/** The regular expressions in a source file, and its calls of `RegExp`, whose patterns are unknown (`source: null`). */
export function expressionsOf(name: string, text: string): (Found | { at: string; source: null })[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: ReturnType<typeof expressionsOf> = [];
  const visit = (node: ts.Node): void => {
    const at = `${name}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      found.push({ at, source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
    } else if (
      (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === 'RegExp'
    ) {
      found.push({ at, source: null });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Runs an expression over an attack of 20,000 characters, where quadratic time means at least 200,000,000 steps. */
function isSlow(
  { source, flags }: Pick<Found, 'source' | 'flags'>,
  { pumps, suffix }: AttackPattern,
): boolean {
  const pumped = pumps.map(({ prefix, pump }) => prefix + pump.repeat(20_000 / pumps.length / pump.length));
  const text = pumped.join('') + suffix;
  const expression = new RegExp(source, flags.includes('g') ? flags : `${flags}g`);
  const milliseconds = [1, 2, 3].map(() => {
    const start = performance.now();
    text.replace(expression, '');
    return performance.now() - start;
  });
  return Math.min(...milliseconds) > 50;
}

/** Checks that an expression takes linear time for every text. @returns the problem, or null */
export function errorOf({ source, flags }: Pick<Found, 'source' | 'flags'>): string | null {
  const checked = checkSync(source, flags, { timeout });
  if (checked.status === 'safe') return null;
  // Fuzzing takes a bounded repetition such as {1,40} for an unbounded one, depending on the speed of the machine.
  if (checked.status === 'vulnerable' && checked.checker === 'fuzz') {
    const { type } = checked.complexity;
    const isQuadratic = type === 'polynomial' && checked.complexity.degree === 2;
    if (isQuadratic && !isSlow({ source, flags }, checked.attack)) return null;
  }
  return checked.status === 'vulnerable' ? checked.complexity.summary : 'cannot be checked';
}

// Their patterns are made from the code or the configuration: the name of a property, an origin.
const composed = new Set(['src/platform/edge/cors.ts', 'src/domain/icalendar/read.ts']);

function sourceFiles(): string[] {
  return ['src', 'sdk/src'].flatMap((directory) =>
    readdirSync(projectPath(directory), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => path.posix.join(directory, name.replaceAll(path.sep, '/'))),
  );
}

/** All problems with the regular expressions of the contract and the sources. */
export function findErrors(): string[] {
  const contract = patternsOf(JSON.parse(readFileSync(projectPath('generated', 'openapi.json'), 'utf8')));
  const sources = sourceFiles().flatMap((name) =>
    expressionsOf(name, readFileSync(projectPath(name), 'utf8')),
  );
  return [...contract, ...sources].flatMap((each) => {
    if (each.source === null) {
      const [name = ''] = each.at.split(':');
      return composed.has(name) ? [] : [`${each.at}: RegExp is called with a pattern that is not checked`];
    }
    const error = errorOf(each);
    return error === null ? [] : [`${each.at}: /${each.source}/${each.flags} is not linear: ${error}`];
  });
}

if (require.main === module) {
  const errors = findErrors();
  for (const error of errors) process.stderr.write(`${error}\n`);
  process.exitCode = errors.length === 0 ? 0 : 1;
}
