/** Looks for regular expressions whose time is not linear in the text that they are matched against. */
process.env.RECHECK_BACKEND = 'pure';

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { checkSync } from 'recheck';
import ts from 'typescript';
import { projectPath } from '../src/paths';

/** A regular expression, and where it is. */
export interface Found {
  readonly at: string;
  readonly source: string;
  readonly flags: string;
}

// The milliseconds that a check may take; one that takes longer is a finding, as simpler expressions do not.
const timeout = 20_000;

/** The patterns of a document, as validators compile them. */
export function patternsOf(document: object): Found[] {
  const found = new Map<string, Found>();
  const visit = (node: unknown, at: string): void => {
    if (node === null || typeof node !== 'object') return;
    for (const [name, child] of Object.entries(node)) {
      const place = `${at}/${name}`;
      if (name === 'pattern' && typeof child === 'string' && !found.has(child)) {
        found.set(child, { at: place, source: child, flags: 'u' });
      } else visit(child, place);
    }
  };
  visit(document, '#');
  return [...found.values()];
}

/** The regular expressions in a source file's text; calls of `RegExp`, whose patterns are not there to be read, too. */
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

/** Whether an expression takes time linear in the text, whatever the text is. @returns what is wrong, or null */
export function faultOf({ source, flags }: Pick<Found, 'source' | 'flags'>): string | null {
  const checked = checkSync(source, flags, { timeout });
  if (checked.status === 'safe') return null;
  return checked.status === 'vulnerable' ? checked.complexity.summary : 'cannot be checked';
}

// What they are made from is the code's or the configuration's: a property's name, an origin.
const composed = new Set(['src/edge/cors.ts', 'src/icalendar/read.ts']);

function sourceFiles(): string[] {
  return ['src', 'sdk/src'].flatMap((directory) =>
    readdirSync(projectPath(directory), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => path.posix.join(directory, name.replaceAll(path.sep, '/'))),
  );
}

/** Everything that is wrong with the regular expressions of the contract and the sources. */
export function findFaults(): string[] {
  const contract = patternsOf(JSON.parse(readFileSync(projectPath('generated', 'openapi.json'), 'utf8')));
  const sources = sourceFiles().flatMap((name) =>
    expressionsOf(name, readFileSync(projectPath(name), 'utf8')),
  );
  return [...contract, ...sources].flatMap((each) => {
    if (each.source === null) {
      const [name = ''] = each.at.split(':');
      return composed.has(name) ? [] : [`${each.at}: RegExp is called with a pattern that nothing checks`];
    }
    const fault = faultOf(each);
    return fault === null ? [] : [`${each.at}: /${each.source}/${each.flags} is not linear: ${fault}`];
  });
}

if (require.main === module) {
  const faults = findFaults();
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
