import { appendFileSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDrift, generate, main } from '../../scripts/generate';
import { projectPath, projectRoot } from '../../src/platform/paths';

const contract = `
openapi: 3.1.0
info: {title: Notes, version: 1.0.0}
paths:
  /notes:
    parameters:
      - $ref: '#/components/parameters/Limit'
    get:
      operationId: listNotes
      parameters:
        - {name: sort, in: query, schema: {type: string, default: text}}
        - {name: text, in: query, schema: {type: string}}
      responses: {'204': {description: None.}}
    post:
      operationId: createNote
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/NewNote'}}}
      responses: {'204': {description: Done.}}
components:
  parameters:
    Limit: {name: limit, in: query, schema: {type: integer, default: 50}}
  schemas:
    NewNote: {type: object, properties: {text: {type: string, default: ''}}}
`;

describe('generated files', () => {
  let root = '';
  let stderr: jest.SpyInstance;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tasklane-generate-'));
    stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  });

  afterEach(() => {
    stderr.mockRestore();
    rmSync(root, { recursive: true });
  });

  async function generateFrom(text: string): Promise<void> {
    writeFileSync(join(root, 'openapi.yaml'), text);
    expect(await main(root, [])).toBe(0);
  }

  /** The files that the check reports. */
  async function check(): Promise<string[]> {
    const code = await main(root, ['--check']);
    const files = stderr.mock.calls.join('').match(/^(generated|sdk)\/.*$/gm) ?? [];
    expect(code).toBe(files.length > 0 ? 1 : 0);
    return files;
  }

  test('are up to date with openapi.yaml', async () => {
    expect(findDrift(projectRoot, await generate(projectRoot))).toEqual([]);
  });

  test('are the same in every run', async () => {
    const [first, second] = await Promise.all([generate(projectRoot), generate(projectRoot)]);
    expect(first).toEqual(second);
  });

  test('pass the check when they are up to date', async () => {
    await generateFrom(contract);
    expect(await check()).toEqual([]);
    expect(stderr).not.toHaveBeenCalled();
  });

  test('fail the check after a change of the contract, and stay unchanged', async () => {
    await generateFrom(contract);
    writeFileSync(join(root, 'openapi.yaml'), contract.replace('description: Done.', 'description: Made.'));
    const stale = [
      'generated/openapi-client.json',
      'generated/openapi.d.ts',
      'generated/openapi.json',
      'generated/openapi.yaml',
      'sdk/src/openapi.d.ts',
    ];
    expect(await check()).toEqual(stale);
    expect(readFileSync(join(root, 'generated', 'openapi.json'), 'utf8')).toContain('Done.');
  });

  test('fail the check if a file is edited, removed or added by hand', async () => {
    await generateFrom(contract);
    appendFileSync(join(root, 'generated', 'docs', 'redoc.js'), '\n');
    unlinkSync(join(root, 'sdk', 'src', 'openapi.d.ts'));
    writeFileSync(join(root, 'generated', 'extra.json'), '{}');
    expect(await check()).toEqual([
      'generated/docs/redoc.js',
      'generated/extra.json',
      'sdk/src/openapi.d.ts',
    ]);
  });

  test('a contract that cannot be parsed gives an error with the line', async () => {
    writeFileSync(join(root, 'openapi.yaml'), `${contract}\n  - [`);
    await expect(generate(root)).rejects.toThrow(/openapi\.yaml/);
  });

  test('a field with a default is present for the server and optional for the client', async () => {
    writeFileSync(join(root, 'openapi.yaml'), contract);
    const files = await generate(root);
    const server = files['generated/openapi.d.ts'];
    const client = files['sdk/src/openapi.d.ts'];
    expect(server).toMatch(/^ +sort: string;$/m);
    expect(server).toMatch(/^ +limit: components\["parameters"\]\["Limit"\];$/m);
    expect(server).toMatch(/^ +NewNote: \{\s+\/\*\*[^/]*\*\/\s+text: string;/m);
    expect(server).toMatch(/^ +text\?: string;$/m);
    expect(client).toMatch(/^ +sort\?: string;$/m);
    expect(client).toMatch(/^ +limit\?: components\["parameters"\]\["Limit"\];$/m);
    expect(client).toMatch(/^ +NewNote: \{\s+\/\*\*[^/]*\*\/\s+text\?: string;/m);
    // The run-time contract says what the client can omit.
    expect(JSON.parse(files['generated/openapi.json'] ?? '').components.parameters.Limit.required).toBe(
      undefined,
    );
  });
});

test('the types name the operations with x-spooled', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tasklane-generate-'));
  const typesOf = async (text: string) => {
    writeFileSync(join(root, 'openapi.yaml'), text);
    return (await generate(root))['generated/openapi.d.ts'];
  };
  const spooled = contract.replace('required: true', '$&\n        x-spooled: true');
  const another = `
  /papers:
    post:
      operationId: createPaper
      requestBody: {x-spooled: true, content: {text/plain: {schema: {type: string}}}}
      responses: {'204': {description: Done.}}
components:`;
  expect(await typesOf(contract)).toMatch(/^export type SpooledOperation = never;$/m);
  expect(await typesOf(spooled.replace('\ncomponents:', another))).toMatch(
    /^export type SpooledOperation = "createNote" \| "createPaper";$/m,
  );
  rmSync(root, { recursive: true });
});

describe('the script of the documentation', () => {
  const script = readFileSync(projectPath('generated', 'docs', 'redoc.js'), 'utf8');

  test('contains no address of another host', () => {
    const hosts = new Set([...script.matchAll(/\b(?:https?|wss?):\/\/([\w.-]+)/g)].map(([, host]) => host));
    expect([...hosts].sort()).toEqual(
      [
        // Names of XML namespaces, which are not loaded.
        'www.w3.org',
        // Texts: licences, error messages, descriptions and examples.
        'commonmark.org',
        'en.wikipedia.org',
        'example.com',
        'github.com',
        'localhost',
        'react.dev',
        'reactrouter.com',
        'yarnpkg.com',
        // The link target of `API docs by Redocly`.
        'redocly.com',
        // Menus that this page does not show: the one beside `Copy`, and one for contracts with an MCP server.
        'chatgpt.com',
        'claude.ai',
      ].sort(),
    );
  });

  test('contains the licences', () => {
    expect(script.slice(0, 200)).toMatch(/^\/\*\*[^/]*@license MIT\n\* \(c\) Copyright \d+ Redocly LLC/);
    const licences = readFileSync(projectPath('generated', 'docs', 'LICENSES.txt'), 'utf8');
    expect(licences).toMatch(/^Copyright \d+ Redocly Inc\./);
    expect(licences).toContain('redoc@');
  });
});
