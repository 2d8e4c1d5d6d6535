/** Tags' names: what makes two of them the same. */
import { foldCase } from '../../domain/text/case';

/** A name as its tag shows it. */
export function tagName(name: string): string {
  return name.trim();
}

/** What the names of one tag have in common: compatible forms (NFKC) with case folded, the same on every machine. */
export function tagKey(name: string): string {
  return foldCase(tagName(name).normalize('NFKC'));
}

/** Orders keys by code point, as Postgres' collation "C" does. */
export function compareKeys(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
