/** Queries whose text is made once: later runs only put the values into their places. */
import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import type { Statement } from './flight';

/** The text of a query, and where its values come from: a place in the list of arguments, or a constant. */
interface Template {
  readonly name: string;
  readonly text: string;
  readonly sources: readonly ({ readonly argument: number } | { readonly constant: unknown })[];
}

// Numbers are marked by numbers, because LIMIT takes no text.
const firstNumber = 8_211_000_000_000_000;

/** A value that stands for an argument while the text is made. No request can contain it, since texts contain no NUL. */
function markerOf(argument: number, value: unknown): string | number {
  return typeof value === 'number' ? firstNumber + argument : `\0argument ${argument}`;
}

function compile(query: Knex.QueryBuilder, markers: readonly unknown[]): Template {
  const { sql, bindings } = query.toSQL().toNative();
  const sources = bindings.map((binding) => {
    const argument = markers.indexOf(binding);
    return argument === -1 ? { constant: binding } : { argument };
  });
  // A name that depends on the text alone: behind a pooler, other processes may prepare statements on the same connection.
  return { name: `lane-${hash('sha256', sql, 'base64url')}`, text: sql, sources };
}

// Each connection keeps its prepared statements, about 50 KB for each.
const maxTemplates = 200;

export interface Templates {
  /** The statement for these arguments. `build` gets a marker for each of them. After 200 keys, texts are made each time. */
  statement(
    key: string,
    args: readonly unknown[],
    build: (markers: readonly unknown[]) => Knex.QueryBuilder,
  ): Statement;
}

/** Makes a store of templates. */
export function createTemplates(): Templates {
  const templates = new Map<string, Template>();
  return {
    statement(key, args, build) {
      let template = templates.get(key);
      if (!template) {
        const markers = args.map((value, index) => markerOf(index, value));
        template = compile(build(markers), markers);
        if (templates.size < maxTemplates) templates.set(key, template);
      }
      const { name, text, sources } = template;
      const values = sources.map((source) =>
        'argument' in source ? args[source.argument] : source.constant,
      );
      return templates.has(key) ? { name, text, values } : { text, values };
    },
  };
}
