import { send } from '../support/api';
import { startTestService, type TestService, testConfig, tokenOf } from '../support/service';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({
    CORS_ORIGINS: 'https://app.example.com, https://*.preview.example.com, http://localhost:3000',
  });
});
afterAll(() => service.stop());

async function headersFor(origin: string) {
  const token = await tokenOf('ada');
  return (await send(service.url, 'GET', '/api/ada/tasks', { token, headers: { Origin: origin } })).headers;
}

test.each([
  'https://app.example.com',
  'http://localhost:3000',
  'https://branch-1.preview.example.com',
  'https://x.preview.example.com',
])('%s may call, with credentials, and see what it needs', async (origin) => {
  const headers = await headersFor(origin);
  expect(headers['access-control-allow-origin']).toBe(origin);
  expect(headers['access-control-allow-credentials']).toBe('true');
  expect(headers['access-control-expose-headers']).toContain('RateLimit');
  expect(headers.vary).toContain('Origin');
});

test.each([
  'https://example.com',
  'https://evil.com',
  'https://app.example.com.evil.com',
  'https://app.example.com:8443',
  'http://app.example.com',
  'https://evilapp.example.com',
  'https://preview.example.com',
  'https://a.b.preview.example.com',
  'https://x.preview.example.com.evil.com',
  'https://evil.com/.preview.example.com',
  'https://evil.com#.preview.example.com',
  'https://x.previewXexample.com',
  'https://.preview.example.com',
  'null',
])('%s may not', async (origin) => {
  const headers = await headersFor(origin);
  expect(headers).not.toHaveProperty('access-control-allow-origin');
  expect(headers.vary).toContain('Origin');
});

test.each([
  '*',
  'https://*',
  'https://*.com',
  'https://app.*.com',
  'https://x*.example.com',
  'https://*.*.example.com',
  'https://app.example.com/',
  'https://app.example.com/path',
  'app.example.com',
  'https://user@app.example.com',
  'https://APP.example.com',
  'null',
  'file:///x',
])('the origin %s is refused at the start', (origin) => {
  expect(() => testConfig({ CORS_ORIGINS: origin })).toThrow('CORS_ORIGINS');
});
