/** Types that are made from those of the contract. */
import type { components } from './openapi.js';

/** The contract's schemas by name: `Schemas['Task']`. */
export type Schemas = components['schemas'];

/** All problems of the contract; `code` says which one it is. A newer service can answer with other codes. */
export type Problem = Extract<Schemas[Exclude<keyof Schemas, 'Problem'>], Schemas['Problem']>;
export type ProblemCode = Problem['code'];

type Narrowed<Change> = Change extends { deleted: boolean; data: infer Data }
  ?
      | (Omit<Change, 'deleted' | 'data'> & { deleted: false; data: NonNullable<Data> })
      | (Omit<Change, 'deleted' | 'data'> & { deleted: true; data: null })
  : Change;

/** An entity as it is now, or the fact that it was deleted: if `deleted` is false, there is `data`. */
export type SyncChange = Narrowed<Schemas['SyncChange']>;

/** A page of a synchronization. */
export interface SyncPage extends Omit<Schemas['SyncPage'], 'changes'> {
  changes: SyncChange[];
}
