/**
 * Reads JSON text (RFC 8259) one item at a time: the items of the arrays that are members of the outermost object, or of
 * the outermost array. The text without these items is small. `JSON.parse` reads the items and the rest.
 */

import { ProblemError } from '../document/problems';
import { assertNotMostlyEmpty, assertNotTooDeep, type JsonShape } from './json-shape';

/** The maximum number of bytes of an item, and of everything outside the items. */
export const maxItemBytes = 1024 * 1024;

/** Replaces a value that is too large. */
export const tooLarge = Symbol('too large');

/** The maximum size of an object outside the items. Larger ones are left out: exports of other programs have some. */
export const maxObjectBytes = 32 * 1024;
// The text and the key of what replaces it until the document is read.
const [leftOut, leftOutKey] = ['{"\\u0000":0}', '\u0000'];

/** The position of a part of the text, in bytes. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** The position of the items of an array in the text, in bytes. */
interface ListExtent {
  readonly start: number;
  end: number;
  items: number;
}

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

const isBlank = (text: string) => /^[ \t\r\n]*$/.test(text);

/** Collects text from pieces of bytes, up to `maxBytes`. */
function createCollector(maxBytes = maxItemBytes) {
  let parts: Buffer[] = [];
  let size = 0;
  return {
    add(bytes: Buffer) {
      size += bytes.length;
      if (size <= maxBytes) parts.push(bytes);
      else parts = [];
    },
    size: () => size,
    /** Returns the whole text and starts again. */
    take(): string | typeof tooLarge {
      const text = size > maxBytes ? tooLarge : Buffer.concat(parts).toString();
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
function createSplitter(onItem: (text: string | typeof tooLarge, extent: Extent) => void) {
  const shape: JsonShape = { deepest: 0, lists: 0 };
  const extents: ListExtent[] = [];
  const rest = createCollector();
  const item = createCollector();
  const object = createCollector(maxObjectBytes);
  let [offset, depth, itemStart] = [0, 0, 0];
  // The depth of the items of the current array; 0 outside of arrays.
  let listDepth = 0;
  let [inString, isEscaped, inOutermost, inObject] = [false, false, false, false];

  const current = () => (listDepth > 0 ? item : inObject ? object : rest);

  function endItem(extent: ListExtent, end: number, isLast: boolean): void {
    const text = item.take();
    const from = itemStart;
    itemStart = end + 1;
    if (isLast && extent.items === 0 && text !== tooLarge && isBlank(text)) return;
    extent.items++;
    onItem(text, { start: from, end });
  }

  function endObject(): void {
    const text = object.take();
    rest.add(Buffer.from(text === tooLarge ? leftOut : text));
    inObject = false;
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
        const opensList = byte === openList && (depth === 1 || (depth === 2 && inOutermost));
        if (depth === 1) inOutermost = byte === openObject;
        if (opensList && listDepth === 0) {
          rest.add(bytes.subarray(from, i + 1));
          // The index of the array replaces its items.
          rest.add(Buffer.from(String(extents.length)));
          from = i + 1;
          listDepth = depth;
          itemStart = offset + from;
          extents.push({ start: itemStart, end: 0, items: 0 });
        } else if (byte === openObject && depth === 2 && inOutermost) {
          rest.add(bytes.subarray(from, i));
          from = i;
          inObject = true;
        }
      } else if (byte === closeList || byte === closeObject) {
        depth--;
        if (listDepth > 0 && depth === listDepth - 1) {
          const extent = extents.at(-1) as ListExtent;
          extent.end = offset + i;
          item.add(bytes.subarray(from, i));
          endItem(extent, offset + i, true);
          listDepth = 0;
          from = i;
        } else if (inObject && depth === 1) {
          object.add(bytes.subarray(from, i + 1));
          endObject();
          from = i + 1;
        }
      } else if (byte === comma && listDepth > 0 && depth === listDepth) {
        item.add(bytes.subarray(from, i));
        endItem(extents.at(-1) as ListExtent, offset + i, false);
        from = i + 1;
      }
    }
    current().add(bytes.subarray(from));
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
  /**
   * The document without the items. Its top-level arrays have their length, but no items. `tooLarge` replaces top-level
   * objects of more than 32 KiB.
   */
  readonly document: unknown;
  /** The positions of the items of the arrays in the text, by the names of the arrays; the outermost array has none. */
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
  if (Array.isArray(document)) return { document: Array(splitter.extents[0]?.items), lists };
  if (typeof document !== 'object' || document === null) return { document, lists };
  for (const [name, value] of Object.entries(document)) {
    if (typeof value === 'object' && value !== null && leftOutKey in value) document[name] = tooLarge;
    if (!Array.isArray(value)) continue;
    const extent = splitter.extents[value[0]] as ListExtent;
    lists.set(name, extent);
    value.length = 0;
    value.length = extent.items;
  }
  return { document, lists };
}

/** The text of an item, or `tooLarge`, and its position. */
export interface ItemText {
  readonly text: string | typeof tooLarge;
  readonly extent: Extent;
}

/**
 * Reads the texts of what commas separate: the items of an array or the members of an object.
 * @param pieces the text between the brackets
 * @param start the position of this text, which the positions of the items include
 */
export async function* readItemTexts(pieces: AsyncIterable<Buffer>, start: number): AsyncGenerator<ItemText> {
  let found: ItemText[] = [];
  const before = Buffer.from('[');
  const moved = start - before.length;
  const splitter = createSplitter((text, extent) =>
    found.push({ text, extent: { start: extent.start + moved, end: extent.end + moved } }),
  );
  splitter.push(before);
  for await (const piece of pieces) {
    splitter.push(piece);
    yield* found;
    found = [];
  }
  splitter.push(Buffer.from(']'));
  yield* found;
}

/** Reads the items of an array from the text between its brackets. `splitDocument` must have accepted the document. */
export async function* readItems(pieces: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  for await (const { text } of readItemTexts(pieces, 0))
    yield text === tooLarge ? tooLarge : JSON.parse(text);
}
