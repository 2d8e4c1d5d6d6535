import type { Logger } from 'pino';
import type { LaneForJob, WritableLane } from '../database/lane';
import type { WithSystem } from '../database/system';

/** What a job works with. */
export interface JobContext {
  /** Finds the lanes that have something to do, of which it shows no more than the listed columns. */
  readonly withSystem: WithSystem;
  /** A lane to write into, behind its lock and row-level security. */
  laneForJob(userId: string): LaneForJob;
  readonly log: Logger;
  /** Aborted when the service stops: what takes long ends, and leaves the rest for later. */
  readonly signal: AbortSignal;
}

/** What a round of a job says of itself. */
export interface Round {
  /** Whether there is more to do at once. */
  readonly more: boolean;
}

/** Work in the background. Many instances run it at once, so a round must leave alone what another is about. */
export interface Job {
  readonly name: string;
  /** Milliseconds between rounds, about. */
  readonly everyMs: number;
  /** Does a bounded piece of the work. */
  run(context: JobContext): Promise<Round>;
}

/**
 * Writes the lanes that were found to have something to do, one after another, until the service stops.
 * @param write returns whether it left something to do; it is passed what was found of its lane
 * @returns whether any of them did
 */
export async function writeLanes<Found extends { user_id: string }>(
  { laneForJob, signal }: JobContext,
  lanes: Iterable<Found>,
  write: (lane: WritableLane, found: Found) => Promise<boolean>,
): Promise<boolean> {
  let more = false;
  for (const found of lanes) {
    if (signal.aborted) break;
    const left = await laneForJob(found.user_id).write((lane) => write(lane, found));
    more ||= left ?? false;
  }
  return more;
}
