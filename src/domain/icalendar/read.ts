/** Reads iCalendar objects (RFC 5545), component by component. */

/** A direct component of VCALENDAR, as text. */
export interface ComponentText {
  /** The name of the component, in upper case. */
  readonly name: string;
  /** Undefined if the component is too long. */
  readonly text: string | undefined;
  /** The number of the line on which the component begins, from 1. */
  readonly line: number;
}

/** An error of the file as a whole, and its line. */
export interface Broken {
  readonly broken: string;
  readonly line: number;
}

/**
 * The lines of a text in pieces, with their line breaks. A line that is too long is cut after about `maxLength`
 * characters.
 */
async function* linesOf(pieces: AsyncIterable<string>, maxLength: number): AsyncGenerator<string[]> {
  let begun = '';
  for await (const piece of pieces) {
    const lines: string[] = [];
    let start = 0;
    for (let end = piece.indexOf('\n'); end !== -1; end = piece.indexOf('\n', start)) {
      lines.push(begun + piece.slice(start, end + 1));
      begun = '';
      start = end + 1;
    }
    if (begun.length <= maxLength) begun += piece.slice(start);
    if (lines.length > 0) yield lines;
  }
  if (begun !== '') yield [begun];
}

// The possible first characters of a line that begins or ends a component.
const edges: ReadonlySet<string> = new Set(['B', 'b', 'E', 'e', '\uFEFF']);

const maxDepth = 64;

/**
 * The components of a file's calendars, in order. Wrong nesting ends them with an error.
 * @param pieces the text of the file
 * @param maxLength the maximum length of a component, in characters
 */
export async function* componentsOf(
  pieces: AsyncIterable<string>,
  maxLength: number,
): AsyncGenerator<ComponentText | Broken> {
  const open: string[] = [];
  let lines: string[] = [];
  let [line, began, length] = [0, 0, 0];
  const keep = (each: string) => {
    length += each.length;
    if (length <= maxLength) lines.push(each);
    else lines = [];
  };
  for await (const page of linesOf(pieces, maxLength)) {
    for (const each of page) {
      line++;
      if (!edges.has(each[0] ?? '') && open.length > 1) {
        keep(each);
        continue;
      }
      const [, edge, name = ''] = /^\uFEFF?(BEGIN|END):([\w-]+)\s*$/i.exec(each) ?? [];
      if (edge === undefined) {
        if (open.length === 0 && each.trim() !== '')
          return yield { broken: 'has a line outside of VCALENDAR', line };
        if (open.length > 1) keep(each);
        continue;
      }
      const component = name.toUpperCase();
      if (edge.toUpperCase() === 'BEGIN') {
        if (open.length === 0 && component !== 'VCALENDAR')
          return yield { broken: 'has a line outside of VCALENDAR', line };
        if (open.length === maxDepth)
          return yield { broken: `must have at most ${maxDepth} levels of components`, line };
        open.push(component);
        if (open.length === 2) [lines, began, length] = [[], line, 0];
        if (open.length > 1) keep(each);
        continue;
      }
      if (open.pop() !== component)
        return yield { broken: `has an END of ${component} without a BEGIN`, line };
      if (open.length > 0) keep(each);
      if (open.length === 1) {
        yield { name: component, text: length > maxLength ? undefined : lines.join(''), line: began };
        lines = [];
      }
    }
  }
  if (open.length > 0) yield { broken: `has no END of ${open.at(-1)}`, line };
  if (line === 0) yield { broken: 'must not be empty', line: 1 };
}
