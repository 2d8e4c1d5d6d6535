/**
 * A process that sends requests over kept-alive connections. It writes to sockets, past node:http, whose client would
 * need more CPU than the bare server does and be what is measured.
 */
import { connect } from 'node:net';
import { answerParent } from './processes';
import { encodeRequests, type Load, statusOf } from './workload';

export interface Run {
  readonly port: number;
  readonly load: Load;
  readonly connections: number;
  readonly requests: number;
}

export interface RunResult {
  /** Milliseconds that the fastest half, and 99 of 100 requests, stayed within. */
  readonly p50: number;
  readonly p99: number;
  /** Requests a second. */
  readonly throughput: number;
}

const silenceMs = 10_000;
const headEnd = Buffer.from('\r\n\r\n');

/** Whether `received` holds all of a response. @throws if it has another status, or does not tell its length. */
function completeResponse(received: Buffer, status: number): boolean {
  const bodyStart = received.indexOf(headEnd) + headEnd.length;
  if (bodyStart < headEnd.length) return false;
  const head = received.toString('latin1', 0, bodyStart);
  if (!head.startsWith(`HTTP/1.1 ${status} `)) throw new Error(`Not a ${status}: ${received.toString()}`);
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`No Content-Length: ${head}`);
  return received.length >= bodyStart + Number(length);
}

/** Sends requests one after another on a connection until there are no more; tells each one's milliseconds. */
function exchange(
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

async function load(requests: readonly Buffer[], run: Run): Promise<RunResult> {
  const latencies: number[] = [];
  let sent = 0;
  const next = () => (sent < run.requests ? requests[sent++ % requests.length] : undefined);
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: run.connections }, () =>
      exchange(run.port, statusOf[run.load], next, (latency) => latencies.push(latency)),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.ceil(share * latencies.length) - 1] as number;
  return { p50: quantile(0.5), p99: quantile(0.99), throughput: run.requests / seconds };
}

encodeRequests().then((requests) => answerParent({}, (run: Run) => load(requests[run.load], run)));
