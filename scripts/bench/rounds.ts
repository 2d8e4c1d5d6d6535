/** The order of the measurements: in rounds, so that a drift of the machine weighs on all servers alike. */
import type { Run } from './loader';
import type { Sample } from './report';
import type { Loader, Server } from './setting';
import { loads } from './workload';

export interface RoundOptions {
  readonly rounds: number;
  /** Requests of one run. */
  readonly requests: number;
  readonly connectionCounts: readonly number[];
  /** Milliseconds of this process's life by which the last round has to be done. */
  readonly deadlineMs: number;
}

const warmUp = { connections: 16, requests: 2_000 };

async function measure(server: Server, loader: Loader, run: Omit<Run, 'port'>): Promise<Sample> {
  const before = await server.ask('cpu');
  const result = await loader.ask({ ...run, port: server.ready.port });
  const after = await server.ask('cpu');
  const { load, connections, requests } = run;
  return { server: server.name, load, connections, cpu: (after - before) / requests, ...result };
}

// There and back again: whatever grows during a round falls on both runs of a server, to the same sum for each.
async function measureRound(
  servers: readonly Server[],
  loader: Loader,
  { requests, connectionCounts }: RoundOptions,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const load of loads) {
    for (const connections of connectionCounts) {
      for (const server of [...servers, ...servers.toReversed()]) {
        samples.push(await measure(server, loader, { load, connections, requests }));
      }
    }
  }
  return samples;
}

/** Measures every server under every load, after a warm-up; fewer rounds where one more might not end in time. */
export async function measureRounds(
  servers: readonly Server[],
  loader: Loader,
  options: RoundOptions,
): Promise<Sample[]> {
  for (const load of loads) {
    for (const server of servers) await measure(server, loader, { load, ...warmUp });
  }
  const samples: Sample[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    const startedAt = performance.now();
    samples.push(...(await measureRound(servers, loader, options)));
    const now = performance.now();
    if (round < options.rounds && now + (now - startedAt) > options.deadlineMs) {
      process.stderr.write(`Stopped after ${round} of ${options.rounds} rounds, for time.\n`);
      break;
    }
  }
  return samples;
}
