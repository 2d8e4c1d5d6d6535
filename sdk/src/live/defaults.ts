/** Fields that the contract added with a default after a copy was stored. */
import { fieldDefaults } from './field-defaults.js';

type Defaults = typeof fieldDefaults;

/** Sets a field where it is missing: in an object, or in each object of an array. */
function fill(target: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  if (Array.isArray(target)) return target.map((each) => fill(each, [name, ...rest], value));
  if (target === null || typeof target !== 'object') return target;
  const own = (target as Record<string, unknown>)[name];
  const next = rest.length > 0 ? fill(own, rest, value) : own === undefined ? value : own;
  return next === own ? target : { ...target, [name]: next };
}

/** An entity with the defaults of the fields that it does not have. */
export function withDefaults<T>(type: string, entity: T, defaults: Defaults = fieldDefaults): T {
  const own = defaults[type] ?? [];
  return own.reduce<unknown>((result, [path, value]) => fill(result, path.split('.'), value), entity) as T;
}
