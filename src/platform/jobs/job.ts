import type { Logger } from 'pino';
import type { LaneForJob, WritableLane } from '../database/lane';
import type { WithSystem } from '../database/system';

/** What a job can use. */
export interface JobContext {
  /** Finds the lanes with something to do. It sees only the columns in `system-grants.ts`. */
  readonly withSystem: WithSystem;
  /** Opens a lane for writing, under its lock and row-level security. */
  laneForJob(userId: string): LaneForJob;
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

/**
 * Writes lanes one after another until the service stops.
 * @param write gets the lane and the row that was found for it; returns whether the lane has more to do
 * @returns whether any lane has more to do
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
