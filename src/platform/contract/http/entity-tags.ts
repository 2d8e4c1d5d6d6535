/** Entity tags (RFC 9110, section 8.8.3) and the conditional headers that name them (section 13.1). */
import { hash } from 'node:crypto';

/** A representation that has an `ETag`. */
export interface Versioned {
  readonly version: number;
  /** The RFC 3339 instant of that version; null if the representation was never written. */
  readonly updated_at: string | null;
}

/**
 * The strong entity tag of a representation: its version, and the version's time in milliseconds since 1970. After an
 * erasure, versions count from 1 again, and the time distinguishes them.
 */
export function entityTagOf({ version, updated_at }: Versioned): string {
  return `"${version}-${updated_at === null ? 0 : Date.parse(updated_at)}"`;
}

/** The weak entity tag of a representation that depends only on these facts. */
export function weakTagOf(facts: readonly (string | number)[]): string {
  const digest = hash('sha256', JSON.stringify(facts), 'base64url');
  return `W/"${digest.slice(0, 22)}"`;
}

interface EntityTag {
  readonly weak: boolean;
  /** With its quotes. */
  readonly opaque: string;
}

/** `*` for any representation, or a list of entity tags. */
export type TagCondition = '*' | readonly EntityTag[];

// Enough for more than 100 entity tags of the service.
const maxConditionLength = 4096;

// With optional whitespace around it (RFC 9110, section 5.6.3).
const wildcard = /^[ \t]*\*[ \t]*$/;
// Separators between tags and around them; list elements may be empty (section 5.6.1.2).
const gap = /[ \t,]*/y;
const entityTag = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/y;

/** Parses `If-Match` or `If-None-Match`. Returns null if it is malformed, longer than 4,096 characters, or empty. */
export function parseTagCondition(text: string): TagCondition | null {
  if (text.length > maxConditionLength) return null;
  if (wildcard.test(text)) return '*';
  const tags: EntityTag[] = [];
  for (let at = 0; ; at = entityTag.lastIndex) {
    gap.lastIndex = at;
    const [between = ''] = gap.exec(text) ?? [];
    if (at + between.length === text.length) return tags.length > 0 ? tags : null;
    if (tags.length > 0 && !between.includes(',')) return null;
    entityTag.lastIndex = at + between.length;
    const [, weak, opaque] = entityTag.exec(text) ?? [];
    if (opaque === undefined) return null;
    tags.push({ weak: weak !== undefined, opaque });
  }
}

/** Strong comparison, for `If-Match` (section 8.8.3.2). */
export function matchesStrongly(condition: TagCondition, tag: string): boolean {
  return condition === '*' || condition.some(({ weak, opaque }) => !weak && opaque === tag);
}

/** Weak comparison, for `If-None-Match`. */
export function matchesWeakly(condition: TagCondition, tag: string): boolean {
  const named = tag.replace(/^W\//, '');
  return condition === '*' || condition.some(({ opaque }) => opaque === named);
}
