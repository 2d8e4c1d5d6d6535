/** Runs the examples of docs/transfer.md in their order, on one lane. */
import { readFileSync } from 'node:fs';
import { projectPath } from '../../src/platform/paths';
import { useTestService } from '../support/service';
import { makeUser, type TestUser } from '../support/user';

const types: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  ics: 'text/calendar',
  json: 'application/json',
};

const form = /^(?<method>[A-Z]+) (?<path>\S+)\n(?<body>[\s\S]*?)→ (?<status>\d+)(?: (?<answer>\{.*\}))?$/;

const text = readFileSync(projectPath('docs/transfer.md'), 'utf8');
const examples = [...text.matchAll(/^```http\n([\s\S]*?)\n```$/gm)].map(([, example = '']) => {
  const groups = form.exec(example)?.groups;
  if (!groups) throw new Error(`This is no example:\n${example}`);
  const { method = '', path = '', body = '', status, answer = '{}' } = groups;
  const [, extension = 'json'] = /\.(\w+)(?:\?|$)/.exec(path) ?? [];
  return { method, path, type: types[extension] as string, body, status: Number(status), answer };
});

let ada: TestUser;
const service = useTestService({ RATE_LIMIT: 'off' });
beforeAll(async () => {
  ada = await makeUser(service.url);
});

test('the page has examples', () => {
  expect(examples.length).toBeGreaterThan(5);
});

test.each(
  examples.map((example, index) => [`${index + 1}. ${example.method} ${example.path}`, example] as const),
)('%s', async (_title, { method, path, type, body, status, answer }) => {
  const response = await ada.send(method, path, {
    body: body === '' ? undefined : body,
    headers: body === '' ? {} : { 'Content-Type': type },
  });
  expect({ status: response.status, body: response.body }).toMatchObject({
    status,
    ...(status === 204 ? {} : { body: JSON.parse(answer) }),
  });
});
