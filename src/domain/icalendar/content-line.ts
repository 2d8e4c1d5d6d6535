/** Content lines of iCalendar (RFC 5545, section 3.1): what they cost to read is linear in their length. */

/** A property as its content line has it. */
export interface ContentLine {
  /** In lower case. */
  readonly name: string;
  /** By their names in lower case, without quotes; of two of one name, the last. */
  readonly parameters: ReadonlyMap<string, string>;
  /** As it is written, with its escapes. */
  readonly value: string;
}

/** How many parameters one property may have. */
export const maxParameters = 50;

// Quoted text may have what ends an unquoted value.
const parameter = /;([^=;:"]*)=([^";:]*(?:"[^"]*"[^";:]*)*)/y;

/** The lines of a component's text, unfolded, without those that are empty. */
export function unfold(text: string): string[] {
  return text
    .replace(/\r?\n[ \t]/g, '')
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    .filter((line) => line !== '');
}

/** The name of a line's property in lower case; undefined for text that is no content line. */
export function nameOf(line: string): string | undefined {
  const end = line.search(/[:;]/);
  return end > 0 && line.includes(':', end) ? line.slice(0, end).toLowerCase() : undefined;
}

/** Reads an unfolded line; undefined for what is no content line, or has more than {@link maxParameters} parameters. */
export function readContentLine(line: string): ContentLine | undefined {
  const name = nameOf(line);
  if (name === undefined) return undefined;
  const parameters = new Map<string, string>();
  let at = name.length;
  for (let count = 0; line[at] === ';' && count < maxParameters; count++) {
    parameter.lastIndex = at;
    const found = parameter.exec(line);
    if (!found) return undefined;
    const [whole, key = '', value = ''] = found;
    parameters.set(key.toLowerCase(), value.replaceAll('"', ''));
    at += whole.length;
  }
  return line[at] === ':' ? { name, parameters, value: line.slice(at + 1) } : undefined;
}

/** The values of a TEXT property (RFC 5545, section 3.3.11) with several, unescaped. */
export function textsOf(value: string): string[] {
  const texts: string[] = [];
  let start = 0;
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '\\') at++;
    else if (value[at] === ',') {
      texts.push(unescapeText(value.slice(start, at)));
      start = at + 1;
    }
  }
  texts.push(unescapeText(value.slice(start)));
  return texts;
}

/** A TEXT value without its escapes. */
export function unescapeText(value: string): string {
  return value.replace(/\\([\\;,Nn])/g, (_, character: string) =>
    character.toLowerCase() === 'n' ? '\n' : character,
  );
}
