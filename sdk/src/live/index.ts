/** A lane that works offline: a copy on the device, an outbox, and one event stream for all tabs of a browser. */
export type { EntryProblem, WriteName } from './entries.js';
export {
  type FailedWrite,
  type LiveLane,
  type LiveProjects,
  type LiveStatus,
  type LiveTags,
  type LiveTasks,
  type OpenLaneOptions,
  openLane,
  UnsentWritesError,
  type Write,
  type WriteCondition,
} from './lane.js';
export type { LiveTaskQuery } from './queries.js';
export type { Connection } from './worker.js';
