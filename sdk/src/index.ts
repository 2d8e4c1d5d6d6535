/** A typed client for the Tasklane API, for browsers, Node and edge runtimes. */
export type { CallOptions, ChangeOptions, ConditionOptions, Listing, WriteOptions } from './calls.js';
export { etagOf, type Versioned } from './entity-tag.js';
export { isProblem, NoTokenError, TasklaneProblem, TransportError, unwrap } from './errors.js';
export type { EventsOptions, OpenEvent, StreamEvent } from './events.js';
export { createTasklane, type Lane, type SyncOptions, type Tasklane } from './lane.js';
export type * from './methods.js';
export type { components, operations, paths } from './openapi.js';
export type { RawClient, RawOptions as TasklaneOptions, TokenRequest, TokenSource } from './raw.js';
export type { Problem, ProblemCode, Schemas, SyncChange, SyncPage } from './schemas.js';
export {
  type BetterAuthSessionClient,
  type BetterAuthTokenClient,
  betterAuthCookies,
  betterAuthTokens,
  type CookieAuth,
  type KeptToken,
  keepToken,
} from './tokens.js';
