/** An entity that has a version. */
export interface Versioned {
  readonly version: number;
  readonly updated_at: string | null;
}

/** The `ETag` of an entity, for `If-Match` and `If-None-Match`. The entity can come from any response. */
export function etagOf(entity: Versioned): string {
  return `"${entity.version}-${entity.updated_at === null ? 0 : Date.parse(entity.updated_at)}"`;
}

/** The entity tag that a caller means. */
export const entityTag = (value: Versioned | string): string =>
  typeof value === 'string' ? value : etagOf(value);
