/** A process that sends requests at a fixed rate, whether or not the server keeps up. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerParent } from './processes';
import { quantile } from './report';
import { createMixedEncoder } from './workload';

export interface Flood {
  readonly port: number;
  /** Requests per second; null sends the next request when the last one of its connection is answered. */
  readonly rate: number | null;
  readonly seconds: number;
  readonly connections: number;
}

export interface FloodResult {
  /** Requests per second that were due, that were answered with success, and so within the time limit. */
  readonly offered: number;
  readonly accepted: number;
  readonly goodput: number;
  /** Requests per second that were refused with 503, and that had any other outcome or none. */
  readonly refused: number;
  readonly failed: number;
  /** Milliseconds from the time at which a request was due to its answer, for accepted and for refused requests. */
  readonly p50: number;
  readonly p99: number;
  readonly refusedP99: number;
}

/** A later answer is of no use. */
export const limitMs = 500;
const tickMs = 2;
const drainMs = 5_000;

type Answered = (status: number) => void;

/** A kept-alive connection with one request at a time. */
class Client {
  private answered: Answered | undefined;
  private head = '';
  private missing = -1;

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => this.read(chunk));
  }

  send(request: Buffer, answered: Answered): void {
    this.answered = answered;
    this.socket.write(request);
  }

  private read(chunk: Buffer): void {
    if (this.missing === -1) {
      this.head += chunk.toString('latin1');
      const end = this.head.indexOf('\r\n\r\n');
      if (end === -1) return;
      const at = this.head.indexOf('Content-Length: ');
      if (at === -1) throw new Error(`No Content-Length: ${this.head.slice(0, end)}`);
      const length = Number.parseInt(this.head.slice(at + 16, at + 26), 10);
      this.missing = length - (this.head.length - end - 4);
    } else this.missing -= chunk.length;
    if (this.missing > 0) return;
    const status = Number(this.head.slice(9, 12));
    this.head = '';
    this.missing = -1;
    this.answered?.(status);
  }
}

async function open(port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return new Client(socket);
}

async function flood(
  encode: () => Buffer,
  { port, rate, seconds, connections }: Flood,
): Promise<FloodResult> {
  const free: Client[] = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const all = [...free];
  const [accepted, refused]: [number[], number[]] = [[], []];
  const due: number[] = [];
  let taken = 0;
  let [offered, sent, answers, isEnded] = [0, 0, 0, false];

  function next(client: Client): void {
    const at = rate === null ? performance.now() : due[taken];
    if (at === undefined || isEnded) return void free.push(client);
    taken++;
    if (rate === null) offered++;
    sent++;
    client.send(encode(), (status) => {
      answers++;
      const latency = performance.now() - at;
      if (status < 300) accepted.push(latency);
      else if (status === 503) refused.push(latency);
      next(client);
    });
  }
  const sendFree = () => {
    while (free.length > 0 && (rate === null || taken < due.length)) next(free.pop() as Client);
  };

  const startedAt = performance.now();
  for (let elapsed = 0; elapsed < seconds * 1000; elapsed = performance.now() - startedAt) {
    // Requests are due at equal distances, also those that the timer missed.
    while (rate !== null && offered < (elapsed / 1000) * rate)
      due.push(startedAt + (offered++ / rate) * 1000);
    sendFree();
    await sleep(tickMs);
  }
  isEnded = true;
  const before = performance.now();
  while (answers < sent && performance.now() - before < drainMs) await sleep(tickMs);
  for (const { socket } of all) socket.destroy();

  const perSecond = (count: number) => Math.round(count / seconds);
  const at = (values: readonly number[], share: number) =>
    values.length === 0 ? 0 : Math.round(10 * quantile(values, share)) / 10;
  return {
    offered: perSecond(offered),
    accepted: perSecond(accepted.length),
    goodput: perSecond(accepted.filter((latency) => latency <= limitMs).length),
    refused: perSecond(refused.length),
    failed: perSecond(offered - accepted.length - refused.length),
    p50: at(accepted, 0.5),
    p99: at(accepted, 0.99),
    refusedP99: at(refused, 0.99),
  };
}

async function main(): Promise<void> {
  const encode = await createMixedEncoder();
  answerParent({}, (run: Flood) => flood(encode, run));
}

main();
