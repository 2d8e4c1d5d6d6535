import { ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Request, Response } from 'express';
import { contractDocument } from '../../../src/platform/contract/document/contract';
import { allowOrigins, createRefusedOriginLog } from '../../../src/platform/edge/cors';
import { send } from '../../support/api';
import { testConfig, tokenOf, useTestService } from '../../support/service';

const service = useTestService({
  CORS_ORIGINS: 'https://app.example.com, https://*.preview.example.com, http://localhost:3000',
});

async function headersFor(origin: string) {
  const token = await tokenOf('ada');
  return (await send(service.url, 'GET', '/api/ada/tasks', { token, headers: { Origin: origin } })).headers;
}

test.each([
  'https://app.example.com',
  'http://localhost:3000',
  'http://localhost:5173',
  'https://branch-1.preview.example.com',
  'https://x.preview.example.com',
])('%s can call with credentials, and read the headers that it needs', async (origin) => {
  const headers = await headersFor(origin);
  expect(headers['access-control-allow-origin']).toBe(origin);
  expect(headers['access-control-allow-credentials']).toBe('true');
  const names = ['RateLimit', 'Deprecation', 'Sunset', 'Link', 'Date', 'Tasklane-Seq', 'Tasklane-Request'];
  for (const name of names) {
    expect(headers['access-control-expose-headers']).toContain(name);
  }
  expect(headers.vary).toContain('Origin');
});

test('a page at another origin can send each header of the contract', async () => {
  const { headers } = await send(service.url, 'OPTIONS', '/api/ada/tasks', {
    headers: { Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'GET' },
  });
  const allowed = String(headers['access-control-allow-headers']).split(',');
  const parameters = JSON.stringify(contractDocument).matchAll(/"name":"([^"]+)","in":"header"/g);
  const names = Array.from(parameters, ([, name]) => String(name));
  expect(names).toContain('Last-Event-ID');
  // The service sends these itself, to webhooks.
  expect(allowed).toEqual(expect.arrayContaining(names.filter((name) => !name.startsWith('webhook-'))));
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
  'https://localhost:5173',
  'http://localhost.evil.com:5173',
  'http://localhost',
  'https://.preview.example.com',
  'null',
])('%s cannot call', async (origin) => {
  const headers = await headersFor(origin);
  expect(headers).not.toHaveProperty('access-control-allow-origin');
  expect(headers.vary).toContain('Origin');
});

const warned = () => service.logged.filter(({ origin }) => origin !== undefined);

test('a refused origin is logged once, with the setting that allows it', async () => {
  const origin = 'https://other.example.com';
  for (let n = 0; n < 3; n++) await headersFor(origin);
  const lines = warned().filter((line) => line.origin === origin);
  expect(lines).toHaveLength(1);
  expect(lines[0]?.msg).toContain(`add ${origin} to CORS_ORIGINS`);
});

test('an allowed origin, the own origin, and an origin that no setting allows are not logged', async () => {
  const before = warned().length;
  for (const origin of [service.url, 'https://app.example.com', 'null', 'https://a b', 'file://']) {
    await headersFor(origin);
  }
  expect(warned()).toHaveLength(before);
});

test('at most 50 refused origins are logged', () => {
  const warn = jest.fn();
  const logRefused = createRefusedOriginLog({ warn });
  for (let n = 0; n < 200; n++) {
    logRefused({ headers: { origin: `https://${n}.example` } } as unknown as Request);
  }
  expect(warn).toHaveBeenCalledTimes(50);
});

test('all ports of localhost are allowed by themselves, except in production', () => {
  const production = { NODE_ENV: 'production', DATABASE_URL: 'postgres://db/tasks' };
  expect(testConfig({}).corsOrigins).toEqual(['http://localhost:*']);
  expect(testConfig(production).corsOrigins).toEqual([]);
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
])('the configured origin %s is refused at the start', (origin) => {
  expect(() => testConfig({ CORS_ORIGINS: origin })).toThrow('CORS_ORIGINS');
});

test('100,000 origins do not raise memory', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const bytes = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const logRefused = createRefusedOriginLog({ warn: () => undefined });
  const allow = allowOrigins(['https://app.example.com', 'https://*.preview.example.com'], logRefused);
  const from = (origin: string): unknown => {
    const request = { method: 'GET', headers: { origin }, httpVersionMajor: 1, httpVersionMinor: 1 };
    const response = new ServerResponse(request as never);
    allow(request as Request, response as unknown as Response, () => undefined);
    return response.getHeader('Access-Control-Allow-Origin');
  };
  expect(from('https://a.preview.example.com')).toBe('https://a.preview.example.com');
  for (let n = 0; n < 1_000; n++) from(`https://${n}.example`);
  const before = bytes();
  for (let n = 0; n < 100_000; n++) from(`https://${n}.${n % 2 ? 'preview.example.com' : 'evil.example'}`);
  // The origins alone would take 5 MB.
  expect(bytes() - before).toBeLessThan(2_000_000);
});
