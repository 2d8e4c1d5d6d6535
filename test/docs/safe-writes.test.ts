/** Runs the examples of docs/safe-writes.md and docs/undo.md in their order, on one lane for each page. */
import { readFileSync } from 'node:fs';
import { projectPath } from '../../src/platform/paths';
import type { ApiResponse } from '../support/api';
import { useTestService } from '../support/service';
import { makeUser, type TestUser } from '../support/user';

type Headers = Readonly<Record<string, string>>;

interface Example {
  readonly method: string;
  readonly path: string;
  /** The name under which later examples use the response of this one. */
  readonly name: string | undefined;
  readonly headers: Headers;
  readonly body: string | undefined;
  readonly status: number;
  readonly answer: string;
  readonly answerHeaders: Headers;
}

function readHeaders(lines: readonly string[]): Headers {
  return Object.fromEntries(lines.map((line) => line.split(/: (.*)/, 2)));
}

function readExample(text: string): Example {
  const lines = text.split('\n');
  const [, method = '', path = '', name] = /^([A-Z]+) (\S+)(?: as \$(\w+))?$/.exec(lines[0] ?? '') ?? [];
  const at = lines.findIndex((line) => line.startsWith('→ '));
  const [, status, answer = '{}'] = /^→ (\d+)(?: (\{.*\}))?$/.exec(lines[at] ?? '') ?? [];
  if (!method || !status) throw new Error(`This is no example:\n${text}`);
  const asked = lines.slice(1, at);
  return {
    ...{ method, path, name, status: Number(status), answer },
    headers: readHeaders(asked.filter((line) => !line.startsWith('{'))),
    body: asked.find((line) => line.startsWith('{')),
    answerHeaders: readHeaders(lines.slice(at + 1)),
  };
}

function readExamples(page: string): Example[] {
  const blocks = readFileSync(projectPath(page), 'utf8').matchAll(/^```http\n([\s\S]*?)\n```$/gm);
  return [...blocks].flatMap(([, block = '']) => block.split('\n\n')).map(readExample);
}

const service = useTestService({ RATE_LIMIT: 'off' });

describe.each(['docs/safe-writes.md', 'docs/undo.md'])('%s', (page) => {
  const examples = readExamples(page);
  const answers = new Map<string, ApiResponse>();
  let ada: TestUser;
  beforeAll(async () => {
    ada = await makeUser(service.url);
  });

  /** A text of an example, with the ids, entity tags and requests of earlier responses filled in. */
  function filled(text: string): string {
    return text.replace(/\$(\w+)\.(id|etag|request)/g, (_match, name: string, what: string) => {
      const answer = answers.get(name);
      if (!answer) throw new Error(`No example is called $${name}.`);
      const { body, headers } = answer;
      return String({ id: body?.id, etag: headers.etag, request: headers['tasklane-request'] }[what]);
    });
  }

  test('the page has examples', () => {
    expect(examples.length).toBeGreaterThan(10);
  });

  test.each(
    examples.map((example, n): [string, Example] => [`${n + 1}. ${example.method} ${example.path}`, example]),
  )('%s', async (_title, example) => {
    const { method, path, name, headers, body, status, answer, answerHeaders } = example;
    const response = await ada.send(method, filled(path), {
      headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, filled(value)])),
      body: body === undefined ? undefined : JSON.parse(filled(body)),
    });
    expect({ status: response.status, body: response.body ?? {} }).toMatchObject({
      status,
      body: JSON.parse(filled(answer)),
    });
    for (const [key, value] of Object.entries(answerHeaders)) {
      expect([key, response.headers[key.toLowerCase()]]).toEqual([key, value]);
    }
    if (name) answers.set(name, response);
  });
});
