/** The order of the measurements. */
import type { Run } from './loader';
import type { Sample } from './report';
import type { Loader, Server } from './setting';
import type { Load } from './workload';

export interface RoundOptions {
  readonly loads: readonly Load[];
  readonly rounds: number;
  /** Requests of one run. */
  readonly requests: number;
  readonly connectionCounts: readonly number[];
  /** Milliseconds after the start of this process after which no further measurement begins. */
  readonly deadlineMs: number;
}

// With fewer passes, V8 would not have optimized all code, which affects the larger service more.
const warmUpPasses = 5;
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
  { loads, rounds, requests, connectionCounts, deadlineMs }: RoundOptions,
): Promise<Sample[]> {
  for (let pass = 1; pass <= warmUpPasses && performance.now() < deadlineMs / 2; pass++) {
    for (const load of loads) {
      for (const server of servers) await measure(server, loader, { load, ...warmUp });
    }
  }
  const blocks = loads.flatMap((load) => connectionCounts.map((connections) => ({ load, connections })));
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
  }
  return samples;
}
