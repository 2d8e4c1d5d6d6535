/** The head of responses, which is written at once. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { ConstantHeaders, headersOf, ResponseHead } from '../../src/platform/contract/http/head';

/** The header lines of a response, in order. */
async function linesOf(answer: (response: ServerResponse) => void, method = 'GET'): Promise<string[]> {
  const server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  server.close();
  return (text.split('\r\n\r\n')[0] as string).split('\r\n');
}

const constant = new ConstantHeaders(['X-A', 'one', 'X-B', 'two']);

test('a header that is set again replaces the constant one and the earlier one', async () => {
  const lines = await linesOf((response) => {
    const head = new ResponseHead(constant);
    head.setHeader('x-a', 'other').setHeader('X-C', 1).setHeader('x-c', 2);
    expect([head.getHeader('X-C'), head.hasHeader('X-D')]).toEqual(['2', false]);
    head.send(response, 200, 'é');
  });
  expect(lines.filter((line) => /^x-/i.test(line))).toEqual(['X-B: two', 'x-a: other', 'X-C: 2']);
  expect(lines).toContain('Content-Length: 2');
});

test('headers that were set on the response itself are sent too', async () => {
  const lines = await linesOf((response) => {
    response.setHeader('X-Set', 'early');
    new ResponseHead(constant).send(response, 200, '{}');
  });
  expect(lines).toEqual(expect.arrayContaining(['X-Set: early', 'X-A: one', 'X-B: two']));
});

test.each([
  [200, 'GET', 'Content-Length: 0'],
  [204, 'GET', undefined],
  [304, 'GET', undefined],
  [200, 'HEAD', undefined],
])('%s without a body to %s has the length %s, and is not chunked', async (status, method, length) => {
  const lines = await linesOf((response) => new ResponseHead(constant).send(response, status), method);
  expect(lines.filter((line) => /^(content-length|transfer-encoding)/i.test(line))).toEqual(
    length === undefined ? [] : [length],
  );
});

test('a value that could split the response is refused', () => {
  const head = new ResponseHead(constant).setHeader('X-C', 'a\r\nX-D: b');
  return expect(
    linesOf((real) => {
      expect(() => head.write(real, 200)).toThrow('Invalid character');
      real.end();
    }),
  ).resolves.toBeDefined();
});

test('the headers of a middleware are read once, for all responses', () => {
  const list = headersOf((_request, response, next) => {
    response.setHeader('X-A', 'one');
    response.removeHeader('X-Powered-By');
    next();
  });
  expect(list).toEqual(['X-A', 'one']);
});
