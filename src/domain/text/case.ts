/** A text without case, in every locale the same. By way of upper case, for `ß` and `ss` have no common lower case. */
export function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase();
}
