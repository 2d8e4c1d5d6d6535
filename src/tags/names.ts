/** Tags' names: what makes two of them the same. */

/** A name as its tag shows it. */
export function tagName(name: string): string {
  return name.trim();
}

/**
 * What the names of one tag have in common: compatible forms (NFKC) with case folded, the same on every machine and in
 * every locale. By way of upper case, for `ß` and `ẞ` have no common lower case.
 */
export function tagKey(name: string): string {
  return tagName(name).normalize('NFKC').toUpperCase().toLowerCase();
}

/** Orders keys by code point, as Postgres' collation "C" does. */
export function compareKeys(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
