/** What a copy of a lane contains. If a new version of the service adds to it, old copies lack something. */
import type { OpenApiDocument } from '../../platform/contract/document/contract';

/** The types that are synchronized, and the paths of their fields. */
export interface SyncShape {
  readonly types: readonly string[];
  readonly fields: readonly string[];
}

interface Schema {
  readonly $ref?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** The paths of the fields of a schema. A field with a `default` next to it is left out with all that it contains. */
function fieldsOf(schemas: Readonly<Record<string, Schema>>, schema: Schema, path: string): string[] {
  const { $ref, properties = {}, items, oneOf = [], anyOf = [], allOf = [] } = schema;
  const target = $ref === undefined ? undefined : schemas[$ref.split('/').at(-1) as string];
  const parts = [target, items, ...oneOf, ...anyOf, ...allOf].filter((part) => part !== undefined);
  return [
    ...parts.flatMap((part) => fieldsOf(schemas, part, path)),
    ...Object.entries(properties).flatMap(([name, field]) =>
      field.default === undefined ? [`${path}.${name}`, ...fieldsOf(schemas, field, `${path}.${name}`)] : [],
    ),
  ];
}

/**
 * The shape of copies by a contract: `types`, and the fields of `SyncChange`. A field with a `default` is left out: old
 * entities have this value, so a copy from before the field lacks nothing. Synced schemas must not be recursive.
 */
export function syncShape({ components }: OpenApiDocument, types: readonly string[]): SyncShape {
  const schemas = components.schemas as Readonly<Record<string, Schema>>;
  const members = schemas.SyncChange?.oneOf ?? [];
  const fields = members.flatMap((member) => fieldsOf(schemas, member, member.$ref ?? ''));
  return { types, fields: [...new Set(fields)].sort() };
}
