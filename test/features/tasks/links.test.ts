/** Tests the links of tasks beyond the contract's cases. */
import { useTestService } from '../../support/service';
import { makeTaskClient, type TaskClient } from '../../support/task-client';

const service = useTestService({ RATE_LIMIT: 'off' });
let ada: TaskClient;
beforeEach(async () => {
  ada = await makeTaskClient(service);
});

const plan = { url: 'https://example.com/plan.pdf', title: 'Plan' };
const mail = { url: 'MAILTO:ada@example.com', title: null };

test('links keep their order, and their titles are trimmed', async () => {
  const task = await ada.create({
    links: [
      { url: plan.url, title: ' Plan ' },
      { url: mail.url, title: ' ' },
    ],
  });
  expect(task.links).toEqual([plan, mail]);
  expect(Object.keys(task).at(-1)).toBe('links');
  expect(await ada.read(task.id)).toEqual(task);
});

test('a change replaces all links, and a change without links keeps them', async () => {
  const { id } = await ada.create({ links: [plan] });
  expect(await ada.ok('PATCH', `/tasks/${id}`, { title: 'Other' })).toMatchObject({
    links: [plan],
    version: 2,
  });
  expect(await ada.ok('PUT', `/tasks/${id}`, { links: [plan] })).toMatchObject({ version: 2 });
  const seq = await ada.seq();
  expect(await ada.ok('PATCH', `/tasks/${id}`, { links: [mail, plan] })).toMatchObject({
    links: [mail, plan],
  });
  expect(await ada.changesAfter(seq)).toMatchObject([
    { action: 'updated', fields: { links: { from: [plan], to: [mail, plan] } } },
  ]);
  expect(await ada.ok('PATCH', `/tasks/${id}`, { links: [] })).toMatchObject({ links: [] });
});

test.each([
  ['javascript:alert(1)', 'wrong-format'],
  ['data:text/html,<script>alert(1)</script>', 'wrong-format'],
  ['file:///etc/passwd', 'wrong-format'],
  ['//example.com', 'wrong-format'],
  [' https://example.com', 'wrong-format'],
  ['https://example.com/a b', 'wrong-format'],
  ['java\nscript:alert(1)', 'wrong-format'],
  ['https://', 'wrong-format'],
  ['', 'wrong-format'],
  [`https://example.com/${'a'.repeat(2_048)}`, 'too-long'],
])('the address %j is refused', async (url, code) => {
  for (const [method, path] of [
    ['POST', '/tasks'],
    ['PATCH', `/tasks/${(await ada.create()).id}`],
  ] as const) {
    expect(await ada.validationErrors(method, path, { title: 'A task', links: [{ url }] })).toEqual([
      `/body/links/0/url ${code}`,
    ]);
  }
});

test('a task has at most 20 links, with titles of at most 200 characters on one line', async () => {
  const links = Array.from({ length: 20 }, () => plan);
  const task = await ada.create({ links });
  expect(task.links).toHaveLength(20);
  const wrong = async (more: object) => ada.validationErrors('PATCH', `/tasks/${task.id}`, more);
  expect(await wrong({ links: [...links, plan] })).toEqual(['/body/links too-long']);
  expect(await wrong({ links: [{ ...plan, title: 'a'.repeat(201) }] })).toEqual([
    '/body/links/0/title too-long',
  ]);
  expect(await wrong({ links: [{ ...plan, title: 'a\nb' }] })).toEqual(['/body/links/0/title wrong-format']);
  expect(await wrong({ links: [{ ...plan, icon: 'x' }] })).toEqual(['/body/links/0/icon unknown']);
});

test('a duplicate and a restored task have the links', async () => {
  const { id } = await ada.create({ links: [plan, mail] });
  expect(await ada.ok('POST', `/tasks/${id}/duplicate`)).toMatchObject({ links: [plan, mail] });
  await ada.ok('DELETE', `/tasks/${id}`);
  expect(await ada.ok('POST', `/tasks/${id}/restore`)).toMatchObject({ links: [plan, mail] });
});

const imports = {
  csv: ['text/csv', 'title,links\nA task,"https://example.com/plan.pdf Plan\nMAILTO:ada@example.com"\n'],
  ics: [
    'text/calendar',
    [
      'BEGIN:VCALENDAR',
      'BEGIN:VTODO',
      'SUMMARY:A task',
      'ATTACH;FILENAME="Plan":https://example.com/plan.pdf',
      'URL:MAILTO:ada@example.com',
      'ATTACH;ENCODING=BASE64;VALUE=BINARY:AAAA',
      'ATTACH:CID:jsmith.part3@example.com',
      'ATTACH:https://example.com/plan.pdf',
      'END:VTODO',
      'END:VCALENDAR',
      '',
    ].join('\r\n'),
  ],
} as const;

test.each(Object.entries(imports))('an import of %s reads links', async (extension, [type, body]) => {
  const response = await ada.send('POST', `/import.${extension}`, {
    headers: { 'Content-Type': type },
    body,
  });
  expect(response).toMatchObject({ status: 200, body: { created: 1, errors: 0 } });
  expect(await ada.all('/tasks')).toMatchObject([{ links: [plan, mail] }]);
});

test.each(['csv', 'ics'])('an export of %s can be imported with its links', async (extension) => {
  const links = [{ url: 'https://example.com/a,b;c?d=e:f', title: 'A "plan"; ^a, b' }, mail];
  await ada.create({ links });
  const file = await ada.send('GET', `/export.${extension}`);
  const bob = await makeTaskClient(service);
  await bob.send('POST', `/import.${extension}`, {
    headers: { 'Content-Type': imports[extension as 'csv' | 'ics'][0] },
    body: file.body,
  });
  expect(await bob.all('/tasks')).toMatchObject([{ links }]);
});
