/** Checks each code block of each guide by its language. Most blocks are also run by the tests of their guide. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { parseSync } from '@swc/core';
import { parse as parseCsv } from 'csv-parse/sync';
import { loadModule, parseSync as parseSql } from 'libpg-query';
import { projectPath } from '../../src/platform/paths';

const pages = [
  ...readdirSync(projectPath('docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'sdk/README.md',
];

interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

/** The code blocks of a page, also those in lists, without the indentation of their list. */
function blocksOf(page: string): Block[] {
  const lines = readFileSync(projectPath(page), 'utf8').split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, indent, language] = /^( *)```(.*)$/.exec(lines[at] as string) ?? [];
    if (indent === undefined) continue;
    const end = lines.findIndex((line, index) => index > at && line === `${indent}\`\`\``);
    if (end < 0) throw new Error(`${page}:${at + 1}: the block has no end.`);
    const code = lines.slice(at + 1, end).map((line) => line.slice(indent.length));
    blocks.push({ page, line: at + 1, language: language ?? '', code: code.join('\n') });
    at = end;
  }
  return blocks;
}

function parseScript(code: string, syntax: 'typescript' | 'ecmascript', isMarkup: boolean): void {
  parseSync(code, syntax === 'typescript' ? { syntax, tsx: isMarkup } : { syntax, jsx: isMarkup });
}

/** A request and its answer, as the tests of the guides run them. */
function parseExchange(code: string): void {
  for (const line of code.split('\n').filter((each) => each !== '')) {
    expect(line).toMatch(/^([A-Z]+ \/|→ \d{3}|[A-Z][\w-]*: |[{[\]} ]|[\w",:.…-])/);
  }
}

/** A command, or a file of settings, whose first line names it. */
function checkShell(code: string): void {
  if (!/^# .*\.env/.test(code)) {
    execFileSync('sh', ['-n'], { input: code, stdio: ['pipe', 'pipe', 'pipe'] });
    return;
  }
  for (const line of code.split('\n')) expect(line).toMatch(/^($|#|[A-Z][A-Z0-9_]*=)/);
}

beforeAll(loadModule);

/** Throws if the code is not of the language. A block of another language fails. */
const checkers: Readonly<Record<string, (code: string) => unknown>> = {
  sh: checkShell,
  ts: (code) => parseScript(code, 'typescript', false),
  tsx: (code) => parseScript(code, 'typescript', true),
  js: (code) => parseScript(code, 'ecmascript', false),
  json: (code) => JSON.parse(code),
  sql: (code) => parseSql(code),
  csv: (code) => parseCsv(code),
  http: parseExchange,
  // Parts of the configuration of other programs.
  text: () => undefined,
  // The only one is a part of the contract, which is JSON's superset: names, values and indentation.
  yaml: (code) => expect(code).toMatch(/^( *(- )?[\w$'{}/.-]+:( .*)?\n?)+$/),
};

test.each(pages.flatMap(blocksOf).map((block) => [`${block.page}:${block.line}`, block] as const))(
  '%s',
  (_place, { language, code }) => {
    const check = checkers[language];
    if (!check) throw new Error(`No checker knows the language "${language}".`);
    check(code);
  },
);
