import type { JsonObject } from './json-object';
import { accept, type Result, refuse } from './result';

/** The scope that an operation requires, from its security requirement in the contract. */
export type Scope = 'read' | 'write';

const ALL: readonly Scope[] = ['read', 'write'];
const READ_ONLY: readonly Scope[] = ['read'];
const NONE: readonly Scope[] = [];

/**
 * The scopes of a token. Without a `scope` claim, the token has all scopes. With the claim (RFC 8693 section 4.2, names
 * separated by spaces), it has the scopes that the claim grants: `tasklane:read`, or `tasklane:write` for both. A
 * read-only role always removes the scope `write`.
 */
export function readScopes(claims: JsonObject, readOnlyRoles: readonly string[]): Result<readonly Scope[]> {
  const scope = claims.scope;
  if (scope !== undefined && typeof scope !== 'string') return refuse('scope-claim');
  const granted = scope === undefined ? ALL : scopesGranted(scope.split(' '));
  const writes = granted.includes('write') && !isReadOnlyRole(claims.role, readOnlyRoles);
  return accept(writes ? ALL : granted.length > 0 ? READ_ONLY : NONE);
}

function scopesGranted(names: readonly string[]): readonly Scope[] {
  if (names.includes('tasklane:write')) return ALL;
  return names.includes('tasklane:read') ? READ_ONLY : NONE;
}

/** Better Auth's admin plugin stores several roles as one text, separated by commas. */
function isReadOnlyRole(role: unknown, readOnlyRoles: readonly string[]): boolean {
  const roles: unknown[] = typeof role === 'string' ? role.split(',') : Array.isArray(role) ? role : [];
  return roles.some((name) => typeof name === 'string' && readOnlyRoles.includes(name.trim()));
}
