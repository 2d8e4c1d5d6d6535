/** Reads content lines of iCalendar (RFC 5545, section 3.1), in time linear in their length. */

/** The parts of a content line. */
export interface ContentLine {
  /** The name of the property, in lower case. */
  readonly name: string;
  /** By name in lower case, without quotes. If a name occurs twice, the last counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The raw value, with its escapes. */
  readonly value: string;
}

/** The maximum number of parameters of a property. */
export const maxParameters = 50;

// Quoted text may contain `;` and `:`, which end an unquoted value.
const parameter = /;([^=;:"]*)=([^";:]*(?:"[^"]*"[^";:]*)*)/y;

/** The unfolded lines of a component's text, without empty lines. */
export function unfold(text: string): string[] {
  return text
    .replace(/\r?\n[ \t]/g, '')
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    .filter((line) => line !== '');
}

/** The name of a line's property in lower case; undefined if the text is not a content line. */
export function nameOf(line: string): string | undefined {
  const end = line.search(/[:;]/);
  return end > 0 && line.includes(':', end) ? line.slice(0, end).toLowerCase() : undefined;
}

/** Reads an unfolded line; undefined if it is not a content line or has more than {@link maxParameters} parameters. */
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

/** The unescaped values of a TEXT property with several values (RFC 5545, section 3.3.11). */
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

/** The value of a parameter without its escapes (RFC 6868). */
export function unescapeParameter(value: string): string {
  return value.replace(/\^([n'^])/g, (_, character: string) =>
    character === 'n' ? '\n' : character === "'" ? '"' : '^',
  );
}

/** A TEXT value without its escapes. */
export function unescapeText(value: string): string {
  return value.replace(/\\([\\;,Nn])/g, (_, character: string) =>
    character.toLowerCase() === 'n' ? '\n' : character,
  );
}
