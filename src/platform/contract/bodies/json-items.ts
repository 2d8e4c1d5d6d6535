/**
 * Reads JSON text (RFC 8259) one item at a time: the items of the arrays that are members of the outermost object.
 * The text without these items is small. `JSON.parse` reads the items and the rest.
 */

import { ProblemError } from '../document/problems';
import { assertNotMostlyEmpty, assertNotTooDeep, type JsonShape } from './json-shape';

/** The maximum number of bytes of an item, and of everything outside the items. */
export const maxItemBytes = 1024 * 1024;

/** Replaces an item that is too large. */
export const tooLarge = Symbol('too large');

/** The position of the items of an array in the text, in bytes. */
interface ListExtent {
  readonly start: number;
  end: number;
  items: number;
}

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

const isBlank = (text: string) => /^[ \t\r\n]*$/.test(text);

/** Collects text from pieces of bytes, up to `maxItemBytes`. */
function createCollector() {
  let parts: Buffer[] = [];
  let size = 0;
  return {
    add(bytes: Buffer) {
      size += bytes.length;
      if (size <= maxItemBytes) parts.push(bytes);
      else parts = [];
    },
    size: () => size,
    /** Returns the whole text and starts again. */
    take(): string | typeof tooLarge {
      const text = size > maxItemBytes ? tooLarge : Buffer.concat(parts).toString();
      parts = [];
      size = 0;
      return text;
    },
  };
}

/**
 * Separates the items from the rest of a text that comes in pieces. If brackets do not match, `JSON.parse` fails
 * later.
 */
function createSplitter(onItem: (text: string | typeof tooLarge) => void) {
  const shape: JsonShape = { deepest: 0, lists: 0 };
  const extents: ListExtent[] = [];
  const rest = createCollector();
  const item = createCollector();
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
          // The index of the array replaces its items.
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
    assertNotTooDeep(shape);
    if (rest.size() > maxItemBytes) {
      const detail = `The body has more than ${maxItemBytes} bytes outside the items of its arrays.`;
      throw new ProblemError('content-too-large', { detail });
    }
  }

  return { push, shape, extents, rest: rest.take };
}

/** A document whose top-level arrays are read item by item. */
export interface SplitDocument {
  /** The document without the items. Its top-level arrays have their length, but no items. */
  readonly document: unknown;
  /** The positions of the items of the arrays in the text, by the names of the arrays. */
  readonly lists: ReadonlyMap<string, ListExtent>;
}

/**
 * Reads a whole document without keeping its items.
 * @throws ProblemError if there is too much outside the items; any other error if the text is not JSON or nests too
 *   deep
 */
export async function splitDocument(pieces: AsyncIterable<Buffer>): Promise<SplitDocument> {
  const splitter = createSplitter((text) => {
    if (text !== tooLarge) JSON.parse(text);
  });
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    splitter.push(piece);
  }
  assertNotMostlyEmpty(splitter.shape, size);
  const lists = new Map<string, ListExtent>();
  // An empty body counts as an empty object, as it does in other operations.
  const document = JSON.parse(size === 0 ? '{}' : String(splitter.rest()));
  if (splitter.extents.length === 0) return { document, lists };
  for (const [name, value] of Object.entries(document)) {
    if (!Array.isArray(value)) continue;
    const extent = splitter.extents[value[0]] as ListExtent;
    lists.set(name, extent);
    value.length = 0;
    value.length = extent.items;
  }
  return { document, lists };
}

/** Reads the items of an array from the text between its brackets. `splitDocument` must have accepted the document. */
export async function* readItems(pieces: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  let items: unknown[] = [];
  const splitter = createSplitter((text) => items.push(text === tooLarge ? tooLarge : JSON.parse(text)));
  splitter.push(Buffer.from('{"":['));
  for await (const piece of pieces) {
    splitter.push(piece);
    yield* items;
    items = [];
  }
  splitter.push(Buffer.from(']}'));
  yield* items;
}
