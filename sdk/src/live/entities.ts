/** The entities of a copy. */
import type { Profile, Project, Stats, Tag, Task } from '../methods.js';

export interface Entities {
  task: Task;
  project: Project;
  tag: Tag;
  profile: Profile;
  /** Statistics by their query. The service computes them, and a synchronization does not contain them. */
  stats: Stats;
}

export type EntityType = keyof Entities;
export type Entity = Entities[EntityType];
/** The types that a synchronization contains, and that the copy keeps. */
export type SyncedType = Exclude<EntityType, 'stats'>;

/** An entity and its type; null if it was deleted. The profile has the id `''`. */
export interface Stored {
  readonly type: EntityType;
  readonly id: string;
  readonly data: Entity | null;
}

export interface Reader {
  get<Type extends EntityType>(type: Type, id: string): Entities[Type] | undefined;
  all<Type extends EntityType>(type: Type): Entities[Type][];
}

export interface View extends Reader {
  set<Type extends EntityType>(type: Type, id: string, entity: Entities[Type] | null): void;
}

const synced: readonly string[] = ['task', 'project', 'tag', 'profile'] satisfies SyncedType[];

export const isSynced = (type: string): type is SyncedType => synced.includes(type);
