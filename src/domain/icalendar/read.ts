/** Reading iCalendar objects (RFC 5545), a component at a time. */

/** A component right below VCALENDAR, as text. */
export interface ComponentText {
  /** In capitals. */
  readonly name: string;
  /** Undefined where it is longer than it may be. */
  readonly text: string | undefined;
  /** The line on which it begins, from 1. */
  readonly line: number;
}

/** What is wrong with an object as a whole, and where. */
export interface Broken {
  readonly broken: string;
  readonly line: number;
}

/** The lines of text that comes in pieces, with their ends; of one that is too long, the first `maxLength` characters. */
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

// What a line that begins or ends a component can begin with.
const edges: ReadonlySet<string> = new Set(['B', 'b', 'E', 'e', '\uFEFF']);

const maxDepth = 64;

/**
 * The components of an object's calendars, in order, from pieces of its text; what does not nest as it should ends them.
 * @param maxLength how many characters of one are kept
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
