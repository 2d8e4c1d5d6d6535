import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDrift, generate, main } from '../../scripts/generate';
import { projectPath, projectRoot } from '../../src/paths';

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

  function copyProject(): void {
    mkdirSync(join(root, 'sdk'));
    for (const path of ['openapi.yaml', 'generated', 'sdk/src']) {
      cpSync(projectPath(path), join(root, path), { recursive: true });
    }
  }

  test('are what openapi.yaml makes', async () => {
    expect(findDrift(projectRoot, await generate(projectRoot))).toEqual([]);
  });

  test('are the same every time', async () => {
    const [first, second] = await Promise.all([generate(projectRoot), generate(projectRoot)]);
    expect(first).toEqual(second);
  });

  test('--check passes after generating and changes nothing', async () => {
    writeFileSync(join(root, 'openapi.yaml'), contract);
    expect(await main(root, [])).toBe(0);
    const before = readFileSync(join(root, 'generated', 'openapi.json'), 'utf8');
    expect(await main(root, ['--check'])).toBe(0);
    expect(readFileSync(join(root, 'generated', 'openapi.json'), 'utf8')).toBe(before);
    expect(stderr).not.toHaveBeenCalled();
  });

  test('--check fails after a change of the contract and lists what it makes stale', async () => {
    copyProject();
    const path = join(root, 'openapi.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('summary: List tasks', 'summary: List all tasks'));
    expect(await main(root, ['--check'])).toBe(1);
    const report = stderr.mock.calls.join('');
    expect(report.match(/^(generated|sdk).*$/gm)).toEqual([
      'generated/openapi.d.ts',
      'generated/openapi.json',
      'sdk/src/openapi.d.ts',
    ]);
  });

  test('--check fails after an edit, a removal and an addition by hand', async () => {
    copyProject();
    appendFileSync(join(root, 'generated', 'docs', 'redoc.js'), '\n');
    unlinkSync(join(root, 'sdk', 'src', 'openapi.d.ts'));
    writeFileSync(join(root, 'generated', 'extra.json'), '{}');
    expect(await main(root, ['--check'])).toBe(1);
    const report = stderr.mock.calls.join('');
    expect(report.match(/^(generated|sdk).*$/gm)).toEqual([
      'generated/docs/redoc.js',
      'generated/extra.json',
      'sdk/src/openapi.d.ts',
    ]);
  });

  test('a contract that cannot be read is an error that says where', async () => {
    writeFileSync(join(root, 'openapi.yaml'), `${contract}\n  - [`);
    await expect(generate(root)).rejects.toThrow(/openapi\.yaml/);
  });

  test('what has a default is there for the server and optional for the client', async () => {
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
    // The run-time contract says what the client may leave out.
    expect(JSON.parse(files['generated/openapi.json'] ?? '').components.parameters.Limit.required).toBe(
      undefined,
    );
  });
});

describe('the script of the documentation', () => {
  const script = readFileSync(projectPath('generated', 'docs', 'redoc.js'), 'utf8');

  test('names no address that it would load from or send to', () => {
    const hosts = new Set([...script.matchAll(/\b(?:https?|wss?):\/\/([\w.-]+)/g)].map(([, host]) => host));
    expect([...hosts].sort()).toEqual(
      [
        // Names of XML namespaces, which are not loaded.
        'www.w3.org',
        // Texts: licences, messages of errors, descriptions and examples.
        'commonmark.org',
        'en.wikipedia.org',
        'example.com',
        'github.com',
        'localhost',
        'react.dev',
        'reactrouter.com',
        'yarnpkg.com',
        // Where the link of `API docs by Redocly` leads a reader who follows it.
        'redocly.com',
        // Menus that the page does not have: the one beside `Copy`, and one for contracts with an MCP server.
        'chatgpt.com',
        'claude.ai',
      ].sort(),
    );
  });

  test('keeps the licences', () => {
    expect(script.slice(0, 200)).toMatch(/^\/\*\*[^/]*@license MIT\n\* \(c\) Copyright \d+ Redocly LLC/);
    const licences = readFileSync(projectPath('generated', 'docs', 'LICENSES.txt'), 'utf8');
    expect(licences).toMatch(/^Copyright \d+ Redocly Inc\./);
    expect(licences).toContain('redoc@');
  });
});
