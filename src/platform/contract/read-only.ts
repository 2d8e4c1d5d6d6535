/** Read-only fields in request bodies, so that a client can send back an entity that it got. */
import { isDeepStrictEqual } from 'node:util';
import type { ValidationError } from './document/operations';

/** True if two values of a field are equal. Two spellings of the same instant are equal. */
function isSame(field: string, one: unknown, other: unknown): boolean {
  const areInstants = field.endsWith('_at') && typeof one === 'string' && typeof other === 'string';
  return areInstants ? Date.parse(one) === Date.parse(other) : isDeepStrictEqual(one, other);
}

/**
 * Separates the read-only fields from a body. They must equal those of the entity.
 * @param entity the entity before the change, as clients see it
 * @param readOnly the names of the read-only fields
 * @returns the other fields of the body, and validation errors with pointers into the body
 */
export function splitReadOnly<B extends object, F extends keyof B & string>(
  body: B,
  entity: { readonly [K in F]: unknown },
  readOnly: readonly F[],
): { readonly wanted: Omit<B, F>; readonly errors: readonly ValidationError[] } {
  const wanted: Omit<B, F> & Partial<Pick<B, F>> = { ...body };
  const errors: ValidationError[] = [];
  for (const field of readOnly) {
    const value = body[field];
    delete wanted[field];
    if (value === undefined || isSame(field, value, entity[field])) continue;
    const detail = `is read-only: must be absent or have its present value, ${JSON.stringify(entity[field])}`;
    errors.push({ pointer: `/${field}`, code: 'read-only', detail });
  }
  return { wanted, errors };
}
