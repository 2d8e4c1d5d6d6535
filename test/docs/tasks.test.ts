/** Runs the examples of docs/tasks.md and docs/words.md in their order, each page on one lane. */
import { readFileSync } from 'node:fs';
import { projectPath } from '../../src/platform/paths';
import { useTestService } from '../support/service';
import { makeUser, type TestUser } from '../support/user';

interface Example {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
  readonly name: string | undefined;
  readonly status: number;
  readonly answer: string;
}

const form =
  /^(?<method>[A-Z]+) (?<path>\S+)(?: (?<body>\{.*?\}))?(?: as \$(?<name>\w+))?\n→ (?<status>\d+)(?: (?<answer>\{.*\}))?$/;

function readExamples(page: string): Example[] {
  const text = readFileSync(projectPath('docs', page), 'utf8');
  const blocks = [...text.matchAll(/^```http\n([\s\S]*?)\n```$/gm)].map((match) => match[1] as string);
  return blocks
    .flatMap((block) => block.split('\n\n'))
    .map((each) => {
      const groups = form.exec(each)?.groups;
      if (!groups) throw new Error(`This is no example:\n${each}`);
      const { method = '', path = '', body, name, status, answer = '{}' } = groups;
      return { method, path, body, name, status: Number(status), answer };
    });
}

const service = useTestService({ RATE_LIMIT: 'off' });

describe.each([
  ['tasks.md', 30],
  ['words.md', 3],
])('%s', (page, leastExamples) => {
  let ada: TestUser;
  beforeAll(async () => {
    ada = await makeUser(service.url);
  });

  const examples = readExamples(page);
  const ids = new Map<string, string>();

  function withIds(text: string): string {
    return text.replace(/\$(\w+)/g, (_match, name: string) => {
      const id = ids.get(name);
      if (!id) throw new Error(`No example made $${name}.`);
      return id;
    });
  }

  test('has examples', () => {
    expect(examples.length).toBeGreaterThan(leastExamples);
  });

  test.each(
    examples.map((example, index): [string, Example] => [
      `${index + 1}. ${example.method} ${example.path}`,
      example,
    ]),
  )('%s', async (_title, { method, path, body, name, status, answer }) => {
    const response = await ada.send(method, withIds(path), {
      body: body === undefined ? undefined : JSON.parse(withIds(body)),
    });
    expect({ status: response.status, body: response.body }).toMatchObject({
      status,
      ...(status === 204 ? {} : { body: JSON.parse(withIds(answer)) }),
    });
    if (name) ids.set(name, response.body.id);
  });
});
