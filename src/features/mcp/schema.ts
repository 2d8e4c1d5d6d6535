/** JSON Schemas of tools. They are picked from the contract, so that they cannot differ from it. */
import { contractDocument, readContract, resolve } from '../../platform/contract/document/contract';
import type { OperationId, Schemas } from '../../platform/contract/document/operations';

export type JsonSchema = Readonly<Record<string, unknown>>;
export type Properties = Readonly<Record<string, JsonSchema>>;

// Patterns, lengths and long descriptions would cost the model tokens. The contract checks all calls anyway.
const keptKeywords = ['type', 'enum', 'minimum', 'maximum', 'maxItems'] as const;
const keptFormats: readonly unknown[] = ['date', 'date-time'];

function lean(node: JsonSchema): JsonSchema {
  const { $ref, ...siblings } = node;
  const schema = $ref === undefined ? node : { ...resolve(contractDocument, node), ...siblings };
  const kept: Record<string, unknown> = {};
  for (const keyword of keptKeywords) if (schema[keyword] !== undefined) kept[keyword] = schema[keyword];
  if (keptFormats.includes(schema.format)) kept.format = schema.format;
  if (schema.items !== undefined) kept.items = lean(schema.items as JsonSchema);
  if (schema.properties !== undefined) {
    const properties = Object.entries(schema.properties as Record<string, JsonSchema>);
    kept.properties = Object.fromEntries(properties.map(([name, each]) => [name, lean(each)]));
    kept.additionalProperties = false;
  }
  return kept;
}

/**
 * Picks properties of a schema of the contract. @param descriptions for the model, by property
 * @throws if the contract has no such property
 */
export function pick<Name extends keyof Schemas, Field extends keyof Schemas[Name] & string>(
  name: Name,
  fields: readonly Field[],
  descriptions: Partial<Record<Field, string>> = {},
): Properties {
  const schemas = contractDocument.components?.schemas as unknown as Record<
    string,
    { properties: Properties }
  >;
  const { properties } = schemas[name] as { properties: Properties };
  return Object.fromEntries(
    fields.map((field) => {
      const schema = properties[field];
      if (!schema) throw new Error(`The contract's ${name} has no ${field}.`);
      return [field, describe(lean(schema), descriptions[field])];
    }),
  );
}

/** Picks the query parameters of an operation. @throws if the contract has no such parameter */
export function pickQuery(
  id: OperationId,
  names: readonly string[],
  descriptions: Readonly<Record<string, string>> = {},
): Properties {
  const operation = readContract(contractDocument).operations.find((each) => each.id === id);
  const input = operation?.inputSchemas.get(undefined) as {
    properties: { query: { properties: Record<string, JsonSchema> } };
  };
  return Object.fromEntries(
    names.map((name) => {
      const schema = input.properties.query.properties[name];
      if (!schema) throw new Error(`The contract's ${id} has no parameter ${name}.`);
      return [name, describe(lean(schema), descriptions[name])];
    }),
  );
}

export function describe(schema: JsonSchema, description: string | undefined): JsonSchema {
  return description === undefined ? schema : { ...schema, description };
}

/** The schema of an object without other properties. */
export function object(properties: Properties, required: readonly string[] = []): JsonSchema {
  return {
    type: 'object',
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}
