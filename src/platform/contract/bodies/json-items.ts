/**
 * JSON text (RFC 8259) that is read an item at a time: the items of the lists right in its outermost object. What is left
 * of it when they are cut out is small, and `JSON.parse` reads both.
 */

import { ProblemError } from '../document/problems';
import { assertFilled, assertFlat, type JsonShape } from './json-shape';

/** How large an item may be, and all that is in none, in bytes. */
export const maxItemBytes = 1024 * 1024;

/** Stands for an item that is larger than that. */
export const tooLarge = Symbol('too large');

/** Where the items of a list are in the text, in bytes. */
interface ListExtent {
  readonly start: number;
  end: number;
  items: number;
}

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

const isBlank = (text: string) => /^[ \t\r\n]*$/.test(text);

/** Text that is put together from pieces of bytes, up to a size. */
function createGatherer() {
  let parts: Buffer[] = [];
  let size = 0;
  return {
    add(bytes: Buffer) {
      size += bytes.length;
      if (size <= maxItemBytes) parts.push(bytes);
      else parts = [];
    },
    size: () => size,
    /** All of it, to begin anew. */
    take(): string | typeof tooLarge {
      const text = size > maxItemBytes ? tooLarge : Buffer.concat(parts).toString();
      parts = [];
      size = 0;
      return text;
    },
  };
}

/** Cuts text that is given to it in pieces. Brackets that don't match are left to `JSON.parse`, in an item or the rest. */
function createCutter(onItem: (text: string | typeof tooLarge) => void) {
  const shape: JsonShape = { deepest: 0, lists: 0 };
  const extents: ListExtent[] = [];
  const rest = createGatherer();
  const item = createGatherer();
  let [offset, depth] = [0, 0];
  let [inString, isEscaped, inObject, inList] = [false, false, false, false];

  function endItem(extent: ListExtent, isLast: boolean): void {
    const text = item.take();
    if (isLast && extent.items === 0 && text !== tooLarge && isBlank(text)) return;
    extent.items++;
    onItem(text);
  }

  /** Takes the next piece of the text. */
  function push(bytes: Buffer): void {
    let from = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (byte === backslash) isEscaped = true;
        else if (byte === quote) inString = false;
      } else if (byte === quote) inString = true;
      else if (byte === openList || byte === openObject) {
        shape.lists++;
        depth++;
        shape.deepest = Math.max(shape.deepest, depth);
        if (depth === 1) inObject = byte === openObject;
        else if (depth === 2 && inObject && byte === openList) {
          inList = true;
          rest.add(bytes.subarray(from, i + 1));
          // The list's number takes the place of its items.
          rest.add(Buffer.from(String(extents.length)));
          from = i + 1;
          extents.push({ start: offset + from, end: 0, items: 0 });
        }
      } else if (byte === closeList || byte === closeObject) {
        depth--;
        if (inList && depth === 1) {
          inList = false;
          const extent = extents.at(-1) as ListExtent;
          extent.end = offset + i;
          item.add(bytes.subarray(from, i));
          endItem(extent, true);
          from = i;
        }
      } else if (byte === comma && inList && depth === 2) {
        item.add(bytes.subarray(from, i));
        endItem(extents.at(-1) as ListExtent, false);
        from = i + 1;
      }
    }
    (inList ? item : rest).add(bytes.subarray(from));
    offset += bytes.length;
    assertFlat(shape);
    if (rest.size() > maxItemBytes) {
      const detail = `The body has more than ${maxItemBytes} bytes outside the items of its arrays.`;
      throw new ProblemError('content-too-large', { detail });
    }
  }

  return { push, shape, extents, rest: rest.take };
}

/** A document whose lists are read item by item. */
export interface CutDocument {
  /** What is in no list's item; the lists have their length, and nothing in them. */
  readonly document: unknown;
  /** Where the lists' items are, by the lists' names. */
  readonly lists: ReadonlyMap<string, ListExtent>;
}

/**
 * Reads a document through, keeping none of its items.
 * @throws ProblemError if there is too much outside of its lists; any other error if it is not JSON, or has a bad shape.
 */
export async function cutDocument(pieces: AsyncIterable<Buffer>): Promise<CutDocument> {
  const cutter = createCutter((text) => {
    if (text !== tooLarge) JSON.parse(text);
  });
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    cutter.push(piece);
  }
  assertFilled(cutter.shape, size);
  const lists = new Map<string, ListExtent>();
  // What is empty counts as an object without members, as it does in other bodies.
  const document = JSON.parse(size === 0 ? '{}' : String(cutter.rest()));
  if (cutter.extents.length === 0) return { document, lists };
  for (const [name, value] of Object.entries(document)) {
    if (!Array.isArray(value)) continue;
    const extent = cutter.extents[value[0]] as ListExtent;
    lists.set(name, extent);
    value.length = 0;
    value.length = extent.items;
  }
  return { document, lists };
}

/** The items of a list from the pieces of the text between its brackets, which has been read through before. */
export async function* itemsOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  let items: unknown[] = [];
  const cutter = createCutter((text) => items.push(text === tooLarge ? tooLarge : JSON.parse(text)));
  cutter.push(Buffer.from('{"":['));
  for await (const piece of pieces) {
    cutter.push(piece);
    yield* items;
    items = [];
  }
  cutter.push(Buffer.from(']}'));
  yield* items;
}
