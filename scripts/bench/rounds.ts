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
  /** Milliseconds of this process's life after which no more is begun. */
  readonly deadlineMs: number;
}

// Fewer would leave code that V8 is yet to optimize, and it is the larger service that lags behind.
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
 * Measures every server under every load, after a warm-up. Each block goes through the servers there and back again:
 * what drifts meanwhile then weighs on all of them alike. The deadline ends the warm-up at its half, and the rounds
 * after the first between two blocks.
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
        process.stderr.write(`Stopped in round ${round} of ${rounds}, for time.\n`);
        return samples;
      }
      for (const server of [...servers, ...servers.toReversed()]) {
        samples.push(await measure(server, loader, { ...block, requests }));
      }
    }
  }
  return samples;
}
