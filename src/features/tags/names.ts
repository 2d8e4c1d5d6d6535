/** Names of tags, and the key that decides whether two names mean the same tag. */
import { foldCase } from '../../domain/text/case';

/** The name as it is stored and shown. */
export function tagName(name: string): string {
  return name.trim();
}

/** The key of a name: Unicode form NFKC with case folded. Names with the same key mean the same tag. */
export function tagKey(name: string): string {
  return foldCase(tagName(name).normalize('NFKC'));
}

/**
 * The names by their keys, in the form that tags show. If a name occurs in several spellings,
 * such as `Home` and `home`, the first one counts.
 */
export function namesByKey(names: readonly string[]): Map<string, string> {
  const byKey = new Map<string, string>();
  for (const name of names) {
    const key = tagKey(name);
    if (!byKey.has(key)) byKey.set(key, tagName(name));
  }
  return byKey;
}

/** Orders keys by code point, like the Postgres collation "C". */
export function compareKeys(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
