import { once } from 'node:events';
import { connect } from 'node:net';
import type { ApiResponse } from './api';

/** Sends raw text or bytes to a service, and reads the one response until the connection ends. */
export async function sendRaw(url: string, text: string | Buffer): Promise<ApiResponse> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = lines
    .map((line) => line.split(': ', 2))
    .map(([name = '', value = '']) => [name.toLowerCase(), value]);
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: JSON.parse(body || 'null'),
  };
}
