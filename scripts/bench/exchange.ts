/**
 * Requests over a kept-alive connection. They are written directly to a socket, because the client of node:http needs more
 * CPU time than the bare server, and would dominate the measurement.
 */
import { connect } from 'node:net';

const silenceMs = 10_000;
const headEnd = Buffer.from('\r\n\r\n');

/** Whether `received` is a complete response. @throws if it has another status or no Content-Length */
function completeResponse(received: Buffer, status: number): boolean {
  const bodyStart = received.indexOf(headEnd) + headEnd.length;
  if (bodyStart < headEnd.length) return false;
  const head = received.toString('latin1', 0, bodyStart);
  if (!head.startsWith(`HTTP/1.1 ${status} `)) throw new Error(`Not a ${status}: ${received.toString()}`);
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`No Content-Length: ${head}`);
  return received.length >= bodyStart + Number(length);
}

/** Sends requests one after another on a connection until there are no more; reports the milliseconds of each. */
export function exchange(
  port: number,
  status: number,
  next: () => Buffer | undefined,
  tell: (latency: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let received: Buffer = Buffer.alloc(0);
    let sentAt = 0;
    let done = false;
    const send = () => {
      const request = next();
      if (request === undefined) {
        done = true;
        socket.end();
        return;
      }
      sentAt = performance.now();
      socket.write(request);
    };
    socket.setTimeout(silenceMs, () => socket.destroy(new Error('The server does not answer.')));
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      try {
        if (!completeResponse(received, status)) return;
      } catch (error) {
        socket.destroy(error as Error);
        return;
      }
      tell(performance.now() - sentAt);
      received = Buffer.alloc(0);
      send();
    });
    socket.on('error', reject);
    socket.on('close', () => (done ? resolve() : reject(new Error('The server closed the connection.'))));
  });
}
