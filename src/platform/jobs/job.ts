import type { Logger } from 'pino';
import { chunksOf } from '../database/chunks';
import type { LaneForJob, LaneKey, WritableLane } from '../database/lane';
import type { System, WithSystem } from '../database/system';

/** What a job can use. */
export interface JobContext {
  /** Finds the lanes with something to do. It sees only the columns in `system-grants.ts`. */
  readonly withSystem: WithSystem;
  /** Opens a lane for writing, under its lock and row-level security. */
  laneForJob(lane: LaneKey): LaneForJob;
  readonly log: Logger;
  /** Aborted when the service stops. Long work then ends and leaves the rest for later. */
  readonly signal: AbortSignal;
}

/** The result of a round of a job. */
export interface Round {
  /** Whether there is more to do now. */
  readonly more: boolean;
  /** Milliseconds until the next work of the job is due; left out if the job does not know. */
  readonly dueInMs?: number | undefined;
}

/**
 * Work in the background. Many instances run it at the same time, so a round must not change rows that another instance
 * works on.
 */
export interface Job {
  readonly name: string;
  /** The approximate time between rounds, in milliseconds. While nobody uses the service, it can be longer. */
  readonly everyMs: number;
  /** Runs one bounded round. */
  run(context: JobContext): Promise<Round>;
}

/** A job that finds lanes with something to do, and writes one after another. */
export interface LaneWork<Found extends { lane_id: string }> {
  readonly name: string;
  readonly everyMs: number;
  /**
   * Finds at most `limit` rows that need work, the first ones of an index: it must read no more rows than it returns,
   * whatever the number of lanes. So it must not group rows, and the instant that it compares with must be stable, such as
   * `now()`, and not `clock_timestamp()`.
   */
  find(system: System, limit: number): PromiseLike<readonly Found[]>;
  readonly limit: number;
  /** The maximum number of found rows for one write of a lane; all of them if it is left out. */
  readonly rowsInAWrite?: number;
  /**
   * Does a bounded part of a lane's work. A user's write waits for it, so it must take less than 100 ms.
   * @param found the rows that were found in the lane
   * @returns whether the lane has more to do
   */
  write(lane: WritableLane, found: readonly [Found, ...Found[]]): Promise<boolean>;
  /** Called if there is nothing to do now: milliseconds until there is something, if that is known. */
  nextInMs?(system: System): Promise<number | undefined>;
}

/** Creates a job that writes lanes. It ends early when the service stops. */
export function createLaneJob<Found extends { lane_id: string }>({
  name,
  everyMs,
  find,
  limit,
  rowsInAWrite = limit,
  write,
  nextInMs,
}: LaneWork<Found>): Job {
  return {
    name,
    everyMs,
    async run({ withSystem, laneForJob, signal }) {
      const { found, lanes, dueInMs } = await withSystem.read(async (system) => {
        const found = await find(system, limit);
        return {
          found,
          lanes: await system.lanes(found.map((row) => row.lane_id)),
          dueInMs: found.length === 0 ? await nextInMs?.(system) : undefined,
        };
      });
      if (found.length === 0) return { more: false, dueInMs };
      let more = found.length === limit;
      for (const [id, rows] of Map.groupBy(found, (row) => row.lane_id)) {
        const key = lanes.get(id);
        for (const chunk of key ? chunksOf(rows, rowsInAWrite) : []) {
          if (signal.aborted) break;
          const left = await laneForJob(key as LaneKey).write((lane) =>
            write(lane, chunk as [Found, ...Found[]]),
          );
          more ||= left ?? false;
        }
      }
      return { more };
    },
  };
}
