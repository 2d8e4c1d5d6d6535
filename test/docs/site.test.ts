/** How the service serves the documentation site, with a small folder instead of a built site. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gzipSync } from 'node:zlib';
import { useTestService } from '../support/service';

const folder = mkdtempSync(join(tmpdir(), 'tasklane-docs-'));
const policy = "default-src 'none'; script-src 'self'; frame-ancestors 'none'";
const page = `<!doctype html><title>Tasks</title>${'<p>All about tasks.</p>'.repeat(100)}`;

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

const file = (path: string, type: string, content: string, more: object = {}) => {
  write(path, content);
  return { path, type, hash: 'hash', sizes: { identity: content.length }, policy: 0, ...more };
};

function build(): void {
  const compressed = { br: brotliCompressSync(page), gzip: gzipSync(page) };
  for (const [name, content] of Object.entries(compressed)) write(`tasks.html.${name}`, content);
  const html = 'text/html; charset=utf-8';
  const problem = file('problems/task-not-found.html', html, 'A page');
  const files = {
    '/docs': file('index.html', html, 'The first page'),
    '/docs/tasks': file('tasks.html', html, page, {
      markdown: '/docs/tasks.md',
      sizes: { identity: page.length, br: compressed.br.length, gzip: compressed.gzip.length },
    }),
    '/docs/tasks.md': file('tasks.md', 'text/markdown; charset=utf-8', '# Tasks\n'),
    '/docs/_astro/page.abc.js': file('_astro/page.abc.js', 'text/javascript', '1', { immutable: true }),
    '/docs/problems/task-not-found': problem,
    '/problems/task-not-found': problem,
    '/docs/404': file('404.html', html, 'Nothing is here'),
    '/docs/lost': { ...problem, path: 'lost.html' },
  };
  write('site.json', JSON.stringify({ policies: [policy], files }));
}

const service = useTestService({ DOCS_DIR: folder });
beforeEach(build);
afterAll(() => rmSync(folder, { recursive: true }));

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends the path as it is, with its dots and escapes, and decodes nothing. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(service.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('/ leads to the documentation', async () => {
  const { status, headers } = await ask('/');
  expect({ status, location: headers.location }).toEqual({ status: 302, location: '/docs' });
});

test('a page has the policy of the build, an entity tag and all security headers', async () => {
  const { status, headers, body } = await ask('/docs/tasks?from=mail');
  expect(status).toBe(200);
  expect(body.toString()).toBe(page);
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-length': String(page.length),
    'content-security-policy': policy,
    'cache-control': 'no-cache',
    etag: '"hash-identity"',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.any(String),
  });
});

test.each([
  ['br, gzip', 'br'],
  ['gzip', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['zstd', undefined],
  ['identity', undefined],
])('Accept-Encoding: %s gets the page in %s', async (accepted, encoding) => {
  const { headers, body } = await ask('/docs/tasks', { 'Accept-Encoding': accepted });
  expect(headers['content-encoding']).toBe(encoding);
  expect(headers['content-length']).toBe(String(body.length));
  expect(headers.vary).toContain('Accept-Encoding');
  if (encoding === 'br') expect(brotliDecompressSync(body).toString()).toBe(page);
  else if (encoding === undefined) expect(body.toString()).toBe(page);
});

test('a page that has not changed is not sent again', async () => {
  const headers = { 'Accept-Encoding': 'br' };
  const { etag = '' } = (await ask('/docs/tasks', headers)).headers;
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const { status, body } = await ask('/docs/tasks', { ...headers, 'If-None-Match': known });
    expect({ status, bytes: body.length }).toEqual({ status: 304, bytes: 0 });
  }
  expect((await ask('/docs/tasks', { ...headers, 'If-None-Match': '"other"' })).status).toBe(200);
  // The tag of another form of the page.
  expect((await ask('/docs/tasks', { 'If-None-Match': etag })).status).toBe(200);
});

test('HEAD answers like GET, without a body', async () => {
  const [head, get] = [await ask('/docs/tasks', {}, 'HEAD'), await ask('/docs/tasks')];
  expect(head.status).toBe(200);
  expect(head.body).toHaveLength(0);
  for (const name of ['content-length', 'content-type', 'etag']) {
    expect(head.headers[name]).toBe(get.headers[name]);
  }
});

test('a file whose name has a hash is kept for a year', async () => {
  const { headers } = await ask('/docs/_astro/page.abc.js');
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
});

test('a page is Markdown at its address with .md, and for clients that prefer Markdown', async () => {
  const accepted = ['text/markdown', 'text/markdown, text/html;q=0.9, */*;q=0.1'];
  const answers = [
    await ask('/docs/tasks.md'),
    ...(await Promise.all(accepted.map((accept) => ask('/docs/tasks', { Accept: accept })))),
  ];
  for (const { headers, body } of answers) {
    expect(headers['content-type']).toBe('text/markdown; charset=utf-8');
    expect(body.toString()).toBe('# Tasks\n');
  }
  for (const accept of ['*/*', 'text/html, */*', 'application/json']) {
    const { headers } = await ask('/docs/tasks', { Accept: accept });
    expect(headers['content-type']).toContain('text/html');
    expect(headers.vary).toContain('Accept');
  }
});

test('a slash at the end leads to the page', async () => {
  const { status, headers } = await ask('/docs/tasks/');
  expect({ status, location: headers.location }).toEqual({ status: 308, location: '/docs/tasks' });
});

test('the type of a problem is the page of the site', async () => {
  expect((await ask('/problems/task-not-found')).body.toString()).toBe('A page');
  expect((await ask('/problems/no-such-problem')).status).toBe(404);
});

test('an unknown page is a page for browsers, and a problem for programs', async () => {
  const browser = await ask('/docs/nowhere', { Accept: 'text/html,*/*;q=0.8' });
  expect(browser.status).toBe(404);
  expect(browser.body.toString()).toBe('Nothing is here');
  const program = await ask('/docs/nowhere');
  expect(program.status).toBe(404);
  expect(JSON.parse(program.body.toString()).code).toBe('not-found');
});

test.each([
  '/docs/site.json',
  '/docs/tasks.html',
  '/docs/tasks.html.br',
  '/docs/../package.json',
  '/docs/..%2f..%2fpackage.json',
  '/docs/%2e%2e/%2e%2e/etc/passwd',
  '/docs/..\\package.json',
  '/docs//tasks',
  '/docs/constructor',
  '/docs/__proto__',
  '/problems/__proto__',
])('%s is not served', async (path) => {
  const { status, body } = await ask(path);
  expect(status).toBe(404);
  expect(JSON.parse(body.toString()).code).toBe('not-found');
});

test('other methods get the answer of the contract', async () => {
  const { status, headers } = await ask('/docs', {}, 'POST');
  expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'GET, HEAD, OPTIONS' });
});

test('a site that is built again is served at once', async () => {
  expect((await ask('/docs')).body.toString()).toBe('The first page');
  rmSync(join(folder, 'site.json'));
  expect((await ask('/docs')).body.toString()).toContain('npm run docs:build');
  const files = { '/docs': file('next.html', 'text/html', 'The next page') };
  write('site.json', JSON.stringify({ policies: [policy], files }));
  expect((await ask('/docs')).body.toString()).toBe('The next page');
});

test('a file that is missing does not end the service', async () => {
  expect((await ask('/docs/lost')).status).toBe(404);
  write('site.json', 'not JSON');
  expect((await ask('/docs')).body.toString()).toContain('npm run docs:build');
  expect(service.logged.some(({ level, err }) => Number(level) >= 50 && err !== undefined)).toBe(true);
});

test('other addresses are served by the contract', async () => {
  expect((await ask('/api/ada/tasks')).status).toBe(401);
  expect((await ask('/livez')).status).toBe(200);
  expect((await ask('/', {}, 'POST')).status).toBe(404);
});
