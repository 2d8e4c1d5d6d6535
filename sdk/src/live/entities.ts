/** The entities of a copy. */
import type { Profile, Project, Tag, Task } from '../methods.js';

export interface Entities {
  task: Task;
  project: Project;
  tag: Tag;
  profile: Profile;
}

export type EntityType = keyof Entities;
export type Entity = Entities[EntityType];

/** An entity and its type; null if it was deleted. The profile has the id `''`. */
export interface Stored {
  readonly type: EntityType;
  readonly id: string;
  readonly data: Entity | null;
}

export interface Reader {
  get<Type extends EntityType>(type: Type, id: string): Entities[Type] | undefined;
  all<Type extends EntityType>(type: Type): readonly Entities[Type][];
}

export interface View extends Reader {
  set<Type extends EntityType>(type: Type, id: string, entity: Entities[Type] | null): void;
}

const types: readonly string[] = ['task', 'project', 'tag', 'profile'] satisfies EntityType[];

export const isEntityType = (type: string): type is EntityType => types.includes(type);
