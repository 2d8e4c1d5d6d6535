/** A text without case and diacritics. */
export const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

const folded = new Map<string, string>();
const mostFolded = 20_000;

/** `fold` for texts that are searched with each letter that the user types. */
function keptFold(text: string): string {
  const known = folded.get(text);
  if (known !== undefined) return known;
  if (folded.size >= mostFolded) folded.clear();
  const made = fold(text);
  folded.set(text, made);
  return made;
}

/** How well a text fits what the user looks for: 0 if it does not; more if its words begin with the words of the query. */
export function fitOf(text: string, query: string): number {
  const here = keptFold(text);
  const wanted = fold(query.trim());
  if (here.startsWith(wanted)) return 3;
  const words = wanted.split(/\s+/);
  if (words.every((word) => ` ${here}`.includes(` ${word}`))) return 2;
  return words.every((word) => here.includes(word)) ? 1 : 0;
}
