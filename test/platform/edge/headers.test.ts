import { send } from '../../support/api';
import { operations } from '../../support/operations';
import { tokenOf, useTestService } from '../../support/service';

const service = useTestService();

test.each([
  ['/livez'],
  ['/openapi.json'],
  ['/nowhere'],
  ['/api/ada/tasks'],
  ['/docs'],
  ['/problems/forbidden'],
])('%s has all security headers', async (path) => {
  const { headers } = await send(service.url, 'GET', path);
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
    'strict-transport-security': expect.stringContaining('max-age='),
    'cross-origin-opener-policy': 'same-origin',
  });
  expect(headers).not.toHaveProperty('x-powered-by');
  expect(headers).not.toHaveProperty('server');
});

test.each(operations.filter(({ scope }) => scope !== null).map(({ id, method, path }) => [id, method, path]))(
  '%s forbids caches to store its response',
  async (_id, method, path) => {
    const address = path
      .replace('{user_id}', 'ada')
      .replace(/\{[^}]+\}/, '019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e');
    for (const token of [await tokenOf('ada'), undefined]) {
      const { headers } = await send(service.url, method.toUpperCase(), address, { token });
      expect(headers['cache-control']).toMatch(/^no-store(, no-transform)?$/);
    }
  },
);
