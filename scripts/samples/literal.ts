/** Writes values of JSON as people write them. */

interface Notation {
  name(text: string): string;
  text(text: string): string;
  /** Whether the last member on lines of its own has a comma. */
  readonly trailing: boolean;
}

function quoted(text: string): string {
  const json = JSON.stringify(text);
  return json.includes("'") ? json : `'${json.slice(1, -1).replaceAll('\\"', '"')}'`;
}

/** JavaScript whose names are identifiers. */
const javascript: Notation = { name: (text) => text, text: quoted, trailing: true };

const json: Notation = { name: JSON.stringify, text: JSON.stringify, trailing: false };

function inline(value: unknown, notation: Notation): string {
  if (typeof value === 'string') return notation.text(value);
  if (Array.isArray(value)) return `[${value.map((each) => inline(each, notation)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, each]) => `${notation.name(name)}: ${inline(each, notation)}`,
  );
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** The value on one line if it has at most `width` characters, otherwise with one member on each line. */
function write(value: unknown, notation: Notation, width: number, indent = ''): string {
  const short = inline(value, notation);
  if (short.length <= width || typeof value !== 'object' || value === null) return short;
  const deeper = `${indent}  `;
  const members = Object.entries(value).map(([name, each]) => {
    const before = Array.isArray(value) ? '' : `${notation.name(name)}: `;
    return `${deeper}${before}${write(each, notation, 80 - deeper.length, deeper)}`;
  });
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${members.join(',\n')}${notation.trailing ? ',' : ''}\n${indent}${close}`;
}

/** The JavaScript literal of a value, on one line if it has at most `width` characters. */
export const literal = (value: unknown, width = 80): string => write(value, javascript, width);

/** The JSON text of a value, on one line if it has at most 80 characters. */
export const jsonText = (value: unknown): string => write(value, json, 80);
