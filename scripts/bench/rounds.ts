/** The order of the measurements. */
import type { Run } from './loader';
import type { Sample } from './report';
import type { Loader, Server } from './setting';
import { type Load, loads } from './workload';

export interface RoundOptions {
  readonly loads: readonly Load[];
  readonly rounds: number;
  /** Requests of one run. */
  readonly requests: number;
  readonly connectionCounts: readonly number[];
  /** How often each server gets 1,000 requests of each load before the first round. */
  readonly warmUpPasses: number;
  /** Milliseconds after the start of this process after which no further measurement begins. */
  readonly deadlineMs: number;
  /** Called after each round; the rounds end if it returns true. */
  readonly isEnough?: ((samples: readonly Sample[], round: number) => boolean) | undefined;
}

const warmUp = { connections: 16, requests: 1_000 };

async function measure(server: Server, loader: Loader, run: Omit<Run, 'port'>): Promise<Sample> {
  const before = await server.ask('cpu');
  const result = await loader.ask({ ...run, port: server.ready.port });
  const after = await server.ask('cpu');
  const { name, process } = server;
  const { load, connections, requests } = run;
  return { server: name, process, load, connections, cpu: (after - before) / requests, ...result };
}

/**
 * Measures every server with every load, after a warm-up. Each block measures the servers in order and then in reverse
 * order, so that drift affects all of them equally. The warm-up ends at half of the deadline. After the deadline, the rounds
 * end between two blocks, but the first round is always complete.
 */
export async function measureRounds(
  servers: readonly Server[],
  loader: Loader,
  options: RoundOptions,
): Promise<Sample[]> {
  const { rounds, requests, connectionCounts, warmUpPasses, deadlineMs, isEnough } = options;
  for (let pass = 1; pass <= warmUpPasses && performance.now() < deadlineMs / 2; pass++) {
    for (const load of options.loads) {
      for (const server of servers) await measure(server, loader, { load, ...warmUp });
    }
  }
  const blocks = options.loads.flatMap((load) =>
    connectionCounts.map((connections) => ({ load, connections })),
  );
  const samples: Sample[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const block of blocks) {
      if (round > 1 && performance.now() > deadlineMs) {
        process.stderr.write(`Stopped in round ${round} of ${rounds}: the time limit was reached.\n`);
        return samples;
      }
      for (const server of [...servers, ...servers.toReversed()]) {
        samples.push(await measure(server, loader, { ...block, requests }));
      }
    }
    if (isEnough?.(samples, round)) break;
  }
  return samples;
}

/**
 * Measures the CPU time of the cheapest runs, over 16 connections. Without a warm-up: the first runs are slow, and do not
 * count. `isEnough` is called after each round that can be the last one.
 */
export function measureCheapest(
  servers: readonly Server[],
  loader: Loader,
  { deadlineMs, isEnough }: { deadlineMs: number; isEnough?: (samples: readonly Sample[]) => boolean },
): Promise<Sample[]> {
  // After fewer rounds, V8 has not optimized all code.
  const [leastRounds, rounds] = [8, 12];
  return measureRounds(servers, loader, {
    loads,
    rounds,
    requests: 250,
    connectionCounts: [16],
    warmUpPasses: 0,
    deadlineMs,
    isEnough: (samples, round) => round >= leastRounds && isEnough?.(samples) === true,
  });
}
