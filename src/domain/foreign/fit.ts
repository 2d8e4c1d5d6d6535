/** Makes texts from other programs fit into the fields of a task. */
import type { ReadWarning } from './warning';

const maxTitle = 200;
const maxTag = 50;
/** The maximum number of tags and of reminders of a task. */
export const maxTags = 50;
export const maxReminders = 10;

// The characters that names and titles must not have.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression must match control characters.
const controls = /[\u0000-\u001f\u007f-\u009f]+/g;

/** A text on one line, without control characters and without white space at its ends. */
export function toLine(text: string): string {
  return text
    .split(/[\r\n]/)
    .map((line) => line.replace(controls, ' ').trim())
    .filter((line) => line !== '')
    .join(' ');
}

/** The first characters of a text, with `…` as the last one if some are missing. */
export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // A character has at most two code units.
  const characters = [...text.slice(0, 2 * maxLength + 2)];
  return characters.length <= maxLength ? text : `${characters.slice(0, maxLength - 1).join('')}…`;
}

/** A title and a description that a task can have. */
interface FittedTitle {
  readonly title: string;
  readonly description: string;
  readonly warnings: ReadWarning[];
}

/**
 * Makes a title from a text. Without a text, the first line of the description is the title, or `Untitled`. If the text
 * is too long, the description begins with all of it.
 * @param field the name of the text in the file
 */
export function fitTitle(field: string, text: string | undefined, description: string): FittedTitle {
  const line = toLine(text ?? '');
  if (line === '') {
    const first = toLine(/\S.*/.exec(description)?.[0] ?? '');
    const title = first === '' ? 'Untitled' : cut(first, maxTitle);
    const detail = first === '' ? 'is empty' : 'is empty, so the first line of the description is the title';
    return { title, description, warnings: [{ field, found: text ?? null, used: title, detail }] };
  }
  const title = cut(line, maxTitle);
  if (title === line) return { title, description, warnings: [] };
  const detail = `has more than ${maxTitle} characters, so the description begins with all of it`;
  return {
    title,
    description: description === '' ? line : `${line}\n\n${description}`,
    warnings: [{ field, found: line, used: title, detail }],
  };
}

/**
 * Makes names of tags. A name with commas becomes several tags, because names of tags have none.
 * @param field the name of the list in the file
 */
export function fitTags(
  field: string,
  names: Iterable<string>,
): { readonly tags: string[]; readonly warnings: ReadWarning[] } {
  const tags = new Set<string>();
  const warnings: ReadWarning[] = [];
  const warn = (found: string, used: string | null, detail: string) => {
    if (warnings.length < maxTags) warnings.push({ field, found, used, detail });
  };
  for (const name of new Set(names)) {
    const parts = name
      .split(',', maxTags + 1)
      .map(toLine)
      .filter((part) => part !== '');
    if (parts.length > 1) warn(name, parts.join(', '), 'has a comma, so it becomes several tags');
    for (const part of parts) {
      const tag = cut(part, maxTag);
      if (tag !== part) warn(part, tag, `has more than ${maxTag} characters`);
      if (tags.size < maxTags || tags.has(tag)) tags.add(tag);
      else {
        warn(part, null, `is left out with all that follow, because a task has at most ${maxTags} tags`);
        return { tags: [...tags], warnings };
      }
    }
  }
  return { tags: [...tags], warnings };
}
