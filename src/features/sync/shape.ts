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
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

type Schemas = Readonly<Record<string, Schema>>;

/** A field of a synchronized schema. */
interface Field {
  readonly path: string;
  /** The `default` next to the field; undefined if there is none. */
  readonly default: unknown;
}

/** The fields of a schema. What a field with a `default` contains is left out. */
function fieldsOf(schemas: Schemas, schema: Schema, path: string): Field[] {
  const { $ref, properties = {}, items, oneOf = [], anyOf = [], allOf = [] } = schema;
  const target = $ref === undefined ? undefined : schemas[$ref.split('/').at(-1) as string];
  const parts = [target, items, ...oneOf, ...anyOf, ...allOf].filter((part) => part !== undefined);
  return [
    ...parts.flatMap((part) => fieldsOf(schemas, part, path)),
    ...Object.entries(properties).flatMap(([name, field]) => {
      const own = { path: `${path}.${name}`, default: field.default };
      return field.default === undefined ? [own, ...fieldsOf(schemas, field, own.path)] : [own];
    }),
  ];
}

type Contract = Pick<OpenApiDocument, 'components'>;

const schemasOf = ({ components }: Contract) => components?.schemas as Schemas;

/** The fields of each type of `SyncChange`. */
function syncedFields(contract: Contract): Field[] {
  const schemas = schemasOf(contract);
  const members = schemas.SyncChange?.oneOf ?? [];
  return members.flatMap((member) => fieldsOf(schemas, member, member.$ref ?? ''));
}

/**
 * The shape of copies by a contract: `types`, and the fields of `SyncChange`. A field with a `default` is left out: old
 * entities have this value, so a copy from before the field lacks nothing. Synced schemas must not be recursive.
 */
export function syncShape(contract: Contract, types: readonly string[]): SyncShape {
  const fields = syncedFields(contract).filter((field) => field.default === undefined);
  return { types, fields: [...new Set(fields.map(({ path }) => path))].sort() };
}

/** The path of a field in an entity, such as `links.title`, and its value in entities that lack it. */
export type FieldDefault = readonly [path: string, value: unknown];

/** The fields with a `default`, by type of entity. Copies from before these fields fill them in. */
export function syncDefaults(contract: Contract): Readonly<Record<string, readonly FieldDefault[]>> {
  const schemas = schemasOf(contract);
  const defaults: Record<string, FieldDefault[]> = {};
  for (const { path, default: value } of syncedFields(contract)) {
    const [member = '', field] = path.split('.data.');
    if (value === undefined || field === undefined) continue;
    const type = schemas[member.split('/').at(-1) as string]?.properties?.type?.const as string;
    defaults[type] = [...(defaults[type] ?? []), [field, value]];
  }
  return defaults;
}
