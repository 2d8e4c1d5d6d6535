/** Tests the headers of deprecated operations, with a contract that has some. */
import type { OperationId } from '../../src/platform/contract/document/operations';
import { send } from '../support/api';
import { allHandlers, changedContract, serveRouter } from '../support/router';

const path = '/api/{user_id}/tags';
const announced = { date: '2027-01-31', link: 'https://tasks.example.com/docs/tags', sunset: '2027-11-06' };
const link = '<https://tasks.example.com/docs/tags>; rel="deprecation"; type="text/html"';

const tag = {
  id: '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d60',
  user_id: 'ada',
  name: 'home',
  color: null,
  version: 1,
  created_at: '2026-11-21T09:30:00.000Z',
  updated_at: '2026-11-21T09:30:00.000Z',
};
const page = { items: [tag], counts: {}, next_cursor: 'eyJ2IjoxfQ' };
const next = '</api/ada/tags?cursor=eyJ2IjoxfQ>; rel="next"';

const replies: Partial<Record<OperationId, [body: object, headers?: object]>> = {
  listTags: [page, { Link: next }],
  getTag: [tag],
};

let service: Awaited<ReturnType<typeof serveRouter>>;
beforeAll(async () => {
  const failing = allHandlers(async () => {
    throw new Error('It fails.');
  });
  const handlers = Object.entries(replies).map(([id, [body, headers]]) => [
    id,
    // biome-ignore lint/suspicious/noExplicitAny: one handler for several operations.
    async (call: any) => call.reply(200, body, headers),
  ]);
  service = await serveRouter({
    handlers: { ...failing, ...Object.fromEntries(handlers) },
    ...changedContract(({ paths }) => {
      const [list, one] = [paths[path].get, paths[`${path}/{tag_id}`]];
      Object.assign(list, { deprecated: true, 'x-deprecation': announced });
      for (const operation of [one.get, one.delete]) {
        const { sunset: _sunset, ...withoutSunset } = announced;
        Object.assign(operation, { deprecated: true, 'x-deprecation': withoutSunset });
      }
    }),
  });
});
afterAll(() => service.close());

test('a deprecated operation says since when, until when, and what to use instead', async () => {
  const response = await send(service.url, 'GET', '/api/ada/tags');
  expect(response.status).toBe(200);
  expect(response.headers.deprecation).toBe('@1801353600');
  expect(response.headers.sunset).toBe('Sat, 06 Nov 2027 00:00:00 GMT');
  expect(response.headers.link).toBe(`${link}, ${next}`);
});

test('HEAD, 304 and problems have the Deprecation header too; without a sunset date, there is no Sunset header', async () => {
  const address = `/api/ada/tags/${tag.id}`;
  const { headers: shown } = await send(service.url, 'GET', address);
  const requests: [number, string, string, Record<string, string>][] = [
    [200, 'GET', address, {}],
    [200, 'HEAD', address, {}],
    [304, 'GET', address, { 'If-None-Match': String(shown.etag) }],
    [400, 'GET', address, { 'If-None-Match': '"' }],
    [422, 'GET', '/api/ada/tags/x', {}],
    [500, 'DELETE', address, {}],
  ];
  for (const [status, method, at, headers] of requests) {
    const response = await send(service.url, method, at, { headers });
    expect(response.status).toBe(status);
    expect(response.headers).toMatchObject({ deprecation: '@1801353600', link });
    expect(response.headers).not.toHaveProperty('sunset');
  }
});

test('other operations at the same address send no Deprecation header', async () => {
  const response = await send(service.url, 'PATCH', `/api/ada/tags/${tag.id}`, { body: {} });
  expect(response.status).toBe(500);
  expect(response.headers).not.toHaveProperty('deprecation');
});
