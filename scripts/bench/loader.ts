/** A process that sends the requests of a load over kept-alive connections, and signs their tokens. */
import { exchange } from './exchange';
import { startIssuer } from './issuer';
import { answerParent } from './processes';
import { createEncoder, type Load, statusOf } from './workload';

export interface Run {
  readonly port: number;
  readonly load: Load;
  readonly connections: number;
  readonly requests: number;
}

export interface RunResult {
  /** The median and the 99th percentile of the latency, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Requests per second. */
  readonly throughput: number;
}

/** Sends the requests in turn. */
async function load(requests: readonly Buffer[], run: Run): Promise<RunResult> {
  const latencies: number[] = [];
  let sent = 0;
  const next = () => requests[sent++];
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: run.connections }, () =>
      exchange(run.port, statusOf(run.load), next, (latency) => latencies.push(latency)),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.ceil(share * latencies.length) - 1] as number;
  return { p50: quantile(0.5), p99: quantile(0.99), throughput: run.requests / seconds };
}

async function main(): Promise<void> {
  const issuer = await startIssuer();
  const encode = await createEncoder(issuer.sign);
  answerParent({ issuerUrl: issuer.url }, async (run: Run) =>
    load(await encode(run.load, run.requests), run),
  );
}

main();
