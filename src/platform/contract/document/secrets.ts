/** Redactors. The contract marks secrets with `x-secret`. A secret is shown once; in a stored reply it is null. */
import { type OpenApiDocument, type Operation, resolve } from './contract';

interface Schema {
  $ref?: string;
  'x-secret'?: boolean;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

/** All schemas that can apply to a value of this schema. A schema can have keywords together with `$ref`. */
function combined(document: OpenApiDocument, schema: Schema): Schema[] {
  const others = [...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (schema.$ref !== undefined) others.push(resolve(document, schema));
  return [schema, ...others.flatMap((each) => combined(document, each))];
}

function ofMember(schema: Schema, name: string): Schema[] {
  const { properties = {}, additionalProperties } = schema;
  if (Object.hasOwn(properties, name)) return [properties[name] as Schema];
  return typeof additionalProperties === 'object' ? [additionalProperties] : [];
}

function redact(document: OpenApiDocument, schemas: readonly Schema[], value: unknown): unknown {
  const all = schemas.flatMap((each) => combined(document, each));
  if (all.some((each) => each['x-secret'])) return null;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = all.flatMap((each) => each.items ?? []);
    return value.map((each) => redact(document, items, each));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      redact(
        document,
        all.flatMap((each) => ofMember(each, name)),
        member,
      ),
    ]),
  );
}

function hasSecret(document: OpenApiDocument, node: unknown, seen = new Set<unknown>()): boolean {
  if (typeof node !== 'object' || node === null || seen.has(node)) return false;
  seen.add(node);
  const schema = node as Schema;
  if (schema['x-secret'] === true) return true;
  if (schema.$ref !== undefined && hasSecret(document, resolve(document, schema), seen)) return true;
  return Object.values(schema).some((each) => hasSecret(document, each, seen));
}

/** The redactors of an operation's reply bodies, by status. Statuses without secrets have none. */
export function redactorsOf(
  document: OpenApiDocument,
  { responseSchemas }: Operation,
): ReadonlyMap<string, (body: unknown) => unknown> {
  const withSecrets = [...responseSchemas].filter(([, schema]) => hasSecret(document, schema));
  return new Map(withSecrets.map(([status, schema]) => [status, (body) => redact(document, [schema], body)]));
}
