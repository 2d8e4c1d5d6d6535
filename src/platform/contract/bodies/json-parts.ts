/** Reads a JSON document part by part, at any depth. Only one part at a time is in memory, and only if it is small. */

import { ProblemError } from '../document/problems';
import { type Extent, readItemTexts, tooLarge } from './json-items';

/** Reads the bytes from `start` (inclusive) to `end` (exclusive). */
type ReadPieces = (start: number, end: number) => AsyncIterable<Buffer>;

/** A value of a document. */
export interface JsonPart {
  /** The value, or `tooLarge` if it is an object, an array or a text of more than 1 MiB. */
  readonly value: unknown;
  /** The members of an object, or the items of an array with their indexes; empty for other values. */
  members(): AsyncGenerator<readonly [name: string, part: JsonPart]>;
}

/** A part that is in memory. */
function smallPart(value: unknown): JsonPart {
  return {
    value,
    async *members() {
      if (typeof value !== 'object' || value === null) return;
      for (const [name, member] of Object.entries(value)) yield [name, smallPart(member)];
    },
  };
}

// The maximum length of the name of a member that is not in memory, with the white space around it.
const maxNameBytes = 1024;
const nameOfMember = /^\s*("(?:[^"\\]|\\.){0,1000}")\s*:\s*/;

const notJson = () => new ProblemError('malformed-body');

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notJson();
  }
}

async function bytesOf(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts);
}

const isBlank = (byte: number) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/** The position of the text between the brackets of a value, and the opening bracket. */
async function insideOf(read: ReadPieces, { start, end }: Extent): Promise<Extent & { bracket: string }> {
  const head = await bytesOf(read(start, Math.min(end, start + maxNameBytes)));
  const tail = await bytesOf(read(Math.max(start, end - maxNameBytes), end));
  const first = head.findIndex((byte) => !isBlank(byte));
  const last = tail.findLastIndex((byte) => !isBlank(byte));
  return {
    bracket: String.fromCharCode(head[first] ?? 0),
    start: start + first + 1,
    end: end - tail.length + last,
  };
}

/** A part that is read from the file. */
function largePart(read: ReadPieces, extent: Extent): JsonPart {
  return {
    value: tooLarge,
    async *members() {
      const { bracket, start, end } = await insideOf(read, extent);
      if (bracket !== '{' && bracket !== '[') return;
      let index = 0;
      for await (const { text, extent: at } of readItemTexts(read(start, end), start)) {
        if (bracket === '[') {
          const name = String(index++);
          yield [name, text === tooLarge ? largePart(read, at) : smallPart(parse(text))];
        } else if (text !== tooLarge) {
          const [entry] = Object.entries(parse(`{${text}}`) as object);
          if (!entry) throw notJson();
          yield [entry[0], smallPart(entry[1])];
        } else {
          const [whole, name] =
            nameOfMember.exec(
              (await bytesOf(read(at.start, Math.min(at.end, at.start + maxNameBytes)))).toString(),
            ) ?? [];
          if (whole === undefined || name === undefined) throw notJson();
          yield [String(parse(name)), largePart(read, { ...at, start: at.start + Buffer.byteLength(whole) })];
        }
      }
    },
  };
}

/**
 * The whole document. Members and values are read from the file each time.
 * @param size the length of the document in bytes
 */
export function readParts(read: ReadPieces, size: number): JsonPart {
  return largePart(read, { start: 0, end: size });
}
