/** Entity tags (RFC 9110, section 8.8.3) and the conditions that requests make of them (section 13.1). */
import { createHash } from 'node:crypto';

/** A representation with a version: what an `ETag` stands for. */
export interface Versioned {
  readonly version: number;
  /** When that version was made, as RFC 3339 has it; null for one that was never written. */
  readonly updated_at: string | null;
}

/**
 * The strong entity tag of a representation: its version, and when that was made in milliseconds since 1970. What is
 * erased and made anew counts its versions from 1 again, at another time.
 */
export function entityTagOf({ version, updated_at }: Versioned): string {
  return `"${version}-${updated_at === null ? 0 : Date.parse(updated_at)}"`;
}

/** The weak entity tag of a representation that follows from these facts alone. */
export function weakTagOf(facts: readonly (string | number)[]): string {
  const digest = createHash('sha256').update(JSON.stringify(facts)).digest('base64url');
  return `W/"${digest.slice(0, 22)}"`;
}

interface EntityTag {
  readonly weak: boolean;
  /** With its quotes. */
  readonly opaque: string;
}

/** Any representation there is, or one of these. */
export type TagCondition = '*' | readonly EntityTag[];

// Room for more than a hundred tags of the service.
const maxConditionLength = 4096;

// What is between two tags, and around them: elements may be empty (section 5.6.1.2).
const gap = /[ \t,]*/y;
const entityTag = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/y;

/** Parses `If-Match` or `If-None-Match`; null if it is malformed, longer than 4,096 characters, or names nothing. */
export function parseTagCondition(text: string): TagCondition | null {
  if (text.length > maxConditionLength) return null;
  if (text.trim() === '*') return '*';
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

/** Whether a condition names a strong tag, by the strong comparison: `If-Match` (section 8.8.3.2). */
export function matchesStrongly(condition: TagCondition, tag: string): boolean {
  return condition === '*' || condition.some(({ weak, opaque }) => !weak && opaque === tag);
}

/** Whether a condition names a tag, by the weak comparison: `If-None-Match`. */
export function matchesWeakly(condition: TagCondition, tag: string): boolean {
  const named = tag.replace(/^W\//, '');
  return condition === '*' || condition.some(({ opaque }) => opaque === named);
}
