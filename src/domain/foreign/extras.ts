/** Values from other programs that have no field of their own in a task. */
import type { ReadWarning } from './warning';

/** A value without a field of its own. */
export interface Extra {
  /** The name of the property or column in the file. */
  readonly field: string;
  /** What the value is, for the reader of the description. */
  readonly label: string;
  readonly value: string;
}

/** The maximum length of a description. */
export const maxDescription = 10_000;

/**
 * Adds extras to a description: one line for each at its end, as long as there is room. This is the only place that
 * decides what becomes of such values.
 */
export function addExtras(
  description: string,
  extras: readonly Extra[],
): { readonly description: string; readonly warnings: ReadWarning[] } {
  const warnings: ReadWarning[] = [];
  let text = description;
  let gap = text === '' ? '' : '\n\n';
  for (const { field, label, value } of extras) {
    const line = `${label}: ${value}`;
    // Code units are at least as many as characters.
    const fits = text.length + gap.length + line.length <= maxDescription;
    if (fits) {
      text += gap + line;
      gap = '\n';
    }
    warnings.push({
      field,
      found: value,
      used: fits ? line : null,
      detail: fits ? 'is kept at the end of the description' : 'does not fit into the description',
    });
  }
  return { description: text, warnings };
}
