/**
 * Excerpts of values for checks that collect all errors. A part that is longer than its schema allows is cut to just
 * more than the limit, so that the check still reports it and its time is bounded.
 */
import { resolve } from '../document/contract';
import { maxErrors } from '../document/validation-errors';

// The parts of JSON Schema that this module uses.
interface Schema {
  $ref?: string;
  maxLength?: number;
  maxItems?: number;
  maxProperties?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  discriminator?: { propertyName: string; mapping?: Record<string, string> };
}

/** How many more unknown properties may be kept, and how many were left out. */
interface Budget {
  unknown: number;
  omitted: number;
}

type Cut = (value: unknown, budget: Budget) => unknown;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// The length is in UTF-16 code units: a character has one or two.
function cutString(maxLength: number): Cut {
  const most = 2 * (maxLength + 1);
  return (value) => (typeof value === 'string' && value.length > most ? value.slice(0, most) : value);
}

function cutArray(maxItems: number, cutItem: Cut | null): Cut {
  return (value, budget) => {
    if (!Array.isArray(value)) return value;
    const items = value.length > maxItems ? value.slice(0, maxItems + 1) : value;
    return cutItem ? items.map((item) => cutItem(item, budget)) : items;
  };
}

function cutObject(
  cuts: ReadonlyMap<string, Cut | null>,
  others: Cut | null | 'unknown',
  maxProperties: number,
): Cut {
  return (value, budget) => {
    if (!isObject(value)) return value;
    const kept: [string, unknown][] = [];
    for (const name of Object.keys(value)) {
      const cut = cuts.has(name) ? (cuts.get(name) ?? null) : others;
      if (cut !== 'unknown') {
        if (kept.length <= maxProperties) kept.push([name, cut ? cut(value[name], budget) : value[name]]);
      } else if (budget.unknown > 0) {
        budget.unknown--;
        kept.push([name, null]);
      } else budget.omitted++;
    }
    return Object.fromEntries(kept);
  };
}

function inOrder(all: readonly (Cut | null)[]): Cut | null {
  const cuts = all.filter((cut) => cut !== null);
  if (cuts.length === 0) return null;
  return (value, budget) => cuts.reduce((left, cut) => cut(left, budget), value);
}

/** Makes a compiler of the document's schemas. It returns null if a schema limits nothing. */
function createCompiler(document: object): (schema: Schema) => Cut | null {
  const compiled = new Map<object, Cut | null>();

  function compile(schema: Schema): Cut | null {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    // A placeholder, for a schema that refers to itself.
    compiled.set(schema, (value, budget) => compiled.get(schema)?.(value, budget) ?? value);
    const cut = inOrder([...combined(schema), array(schema), object(schema), string(schema)]);
    compiled.set(schema, cut);
    return cut;
  }

  const referred = ($ref: string) => compile(resolve(document, { $ref }) as Schema);

  function combined({ $ref, allOf = [], anyOf = [], oneOf = [], discriminator }: Schema): (Cut | null)[] {
    const { propertyName, mapping } = discriminator ?? {};
    return [
      $ref === undefined ? null : referred($ref),
      ...[...allOf, ...anyOf, ...(mapping ? [] : oneOf)].map(compile),
      propertyName !== undefined && mapping ? chosen(propertyName, mapping) : null,
    ];
  }

  function chosen(propertyName: string, mapping: Record<string, string>): Cut {
    const cuts = new Map(Object.entries(mapping).map(([name, $ref]) => [name, referred($ref)]));
    return (value, budget) => {
      const cut = isObject(value) ? cuts.get(value[propertyName] as string) : null;
      return cut ? cut(value, budget) : value;
    };
  }

  function string({ maxLength }: Schema): Cut | null {
    return maxLength === undefined ? null : cutString(maxLength);
  }

  function array({ maxItems = Number.POSITIVE_INFINITY, items }: Schema): Cut | null {
    const cutItem = items ? compile(items) : null;
    return maxItems === Number.POSITIVE_INFINITY && !cutItem ? null : cutArray(maxItems, cutItem);
  }

  function object(schema: Schema): Cut | null {
    const { properties = {}, additionalProperties, maxProperties = Number.POSITIVE_INFINITY } = schema;
    const cuts = new Map(Object.entries(properties).map(([name, each]) => [name, compile(each)]));
    const others = typeof additionalProperties === 'object' ? compile(additionalProperties) : null;
    if (additionalProperties === false) return cutObject(cuts, 'unknown', maxProperties);
    const cutsNothing = others === null && [...cuts.values()].every((cut) => cut === null);
    return cutsNothing && maxProperties === Number.POSITIVE_INFINITY
      ? null
      : cutObject(cuts, others, maxProperties);
  }

  return compile;
}

/** The excerpt of a value, and the number of errors that it leaves out. */
export interface Excerpt {
  readonly value: unknown;
  readonly omitted: number;
}

/**
 * Makes the function that makes excerpts of values of a schema. A string that is too long keeps 2 × (`maxLength` + 1)
 * code units, and an array `maxItems` + 1 items. All objects together keep as many unknown properties as a problem
 * lists errors, each with the value null. Everything else stays as it is.
 */
export function createExcerpter(document: object, schema: object): (value: unknown) => Excerpt {
  const cut = createCompiler(document)(schema);
  return (value) => {
    const budget: Budget = { unknown: maxErrors, omitted: 0 };
    return { value: cut ? cut(value, budget) : value, omitted: budget.omitted };
  };
}
