/** This file was generated from src/domain/text/case.ts by npm run generate. Do not change it. */
/** Folds the case of a text, independent of the locale. Converting to upper case first makes `ß` and `ss` the same. */
export function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase();
}
