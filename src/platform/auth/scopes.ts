import type { JsonObject } from './json-object';
import { accept, type Result, refuse } from './result';

/** What an operation needs, as its security requirement in the contract names it. */
export type Scope = 'read' | 'write';

const ALL: readonly Scope[] = ['read', 'write'];
const READ_ONLY: readonly Scope[] = ['read'];
const NONE: readonly Scope[] = [];

/**
 * What a token allows. Without a `scope` claim, everything; with one (RFC 8693 section 4.2, names separated by
 * spaces), what it grants: `tasklane:read`, or `tasklane:write` for both. A role that is configured as read-only takes
 * writing away whatever the scope says.
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

/** Better Auth's admin plugin keeps several roles in one string, separated by commas. */
function isReadOnlyRole(role: unknown, readOnlyRoles: readonly string[]): boolean {
  const roles: unknown[] = typeof role === 'string' ? role.split(',') : Array.isArray(role) ? role : [];
  return roles.some((name) => typeof name === 'string' && readOnlyRoles.includes(name.trim()));
}
