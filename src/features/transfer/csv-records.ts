/** Reads the records of a CSV file (RFC 4180), with their lines. */
import { type CsvError, parse } from 'csv-parse';
import { maxItemBytes } from '../../platform/contract/bodies/json-items';

const lineBreak = 0x0a;
const carriageReturn = 0x0d;

/**
 * Counts the lines of a file that arrives in pieces. It only goes forwards and releases the pieces that it has
 * counted.
 */
function createLineCounter() {
  let pieces: Buffer[] = [];
  // The offset of the first piece, the index of the next byte in it, and the line of this byte.
  let [start, at, line] = [0, 0, 1];
  return {
    add(piece: Buffer) {
      pieces.push(piece);
    },
    /** The line of the first byte from `offset` on that is not in an empty line. The counter must already have that byte. */
    after(offset: number): number {
      for (;;) {
        const [piece] = pieces;
        if (!piece) return line;
        for (; at < piece.length; at++) {
          const byte = piece[at];
          if (start + at >= offset && byte !== lineBreak && byte !== carriageReturn) return line;
          if (byte === lineBreak) line++;
        }
        start += piece.length;
        at = 0;
        pieces = pieces.slice(1);
      }
    },
  };
}

/** A record and the line on which it begins. */
export interface CsvRecord {
  readonly cells: readonly string[];
  readonly line: number;
}

/** The error that ends a file: the records after it cannot be separated reliably. */
export interface BrokenRecord {
  readonly error: CsvError;
  readonly line: number;
}

interface Parsed {
  readonly cells: string[];
  /** The offset in the file where the record ends, in bytes. */
  readonly end: number;
}

// The separators of cells that spreadsheets write, and the characters in which one is looked for.
const separators = [',', ';', '\t'] as const;
const maxSniffed = 65_536;

/** What the beginning of a file says about its form. */
interface CsvForm {
  readonly separator: string;
  /** The bytes of a first line such as `sep=;`, which Excel reads; 0 if there is none. */
  readonly begin: number;
}

/** Finds the separator: the one that a first line `sep=…` names, or the most frequent one in the first record. */
async function formOf(pieces: AsyncIterable<Buffer>): Promise<CsvForm> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of pieces) {
    text += decoder.decode(piece, { stream: true });
    if (text.length >= maxSniffed) break;
  }
  const [first, named] = /^sep=([,;\t])\r?\n/i.exec(text) ?? [];
  if (first !== undefined && named !== undefined) return { separator: named, begin: first.length };
  const counts = new Map<string, number>();
  let isQuoted = false;
  for (const character of text.slice(0, maxSniffed).trimStart()) {
    if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === '\n') break;
    else if (!isQuoted) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  const [separator] = separators.toSorted((one, other) => (counts.get(other) ?? 0) - (counts.get(one) ?? 0));
  return { separator: separator as string, begin: 0 };
}

/**
 * The records of a file, up to the first invalid record, whose error is returned. The parser is not piped: it would
 * lose the records before the invalid one, or continue after it and need quadratic time.
 */
async function* parsed(
  pieces: AsyncIterable<Buffer>,
  { separator, begin }: CsvForm,
): AsyncGenerator<Parsed, CsvError | undefined, undefined> {
  let found: Parsed[] = [];
  let broken: CsvError | undefined;
  const parser = parse({
    delimiter: separator,
    from_line: begin > 0 ? 2 : 1,
    max_record_size: maxItemBytes,
    relax_column_count: true,
    skip_empty_lines: true,
    on_record: (cells: string[], { bytes }) => {
      found.push({ cells, end: bytes });
      return null;
    },
  });
  parser.on('error', (error) => {
    broken = error as CsvError;
  });
  const step = (work: (done: () => void) => void) => new Promise<void>(work);
  for await (const piece of pieces) {
    await step((done) => parser.write(piece, () => done()));
    yield* found;
    found = [];
    if (broken) return broken;
  }
  await step((done) => {
    parser.once('close', done);
    parser.resume().end();
  });
  yield* found;
  return broken;
}

const isEmpty = (cells: readonly string[]) => cells.every((cell) => cell.trim() === '');

/**
 * The records of a file that have a cell with a value. Cells are separated by commas, semicolons or tabs.
 * @returns the error of the first invalid record, which ends the file
 */
export async function* recordsOf(
  pieces: () => AsyncIterable<Buffer>,
): AsyncGenerator<CsvRecord, BrokenRecord | undefined, undefined> {
  const lines = createLineCounter();
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const piece of pieces()) {
      lines.add(piece);
      yield piece;
    }
  }
  const form = await formOf(pieces());
  // The offset where the previous record ends.
  let end = form.begin;
  const records = parsed(counted(), form);
  let next = await records.next();
  for (; !next.done; next = await records.next()) {
    const { cells } = next.value;
    if (!isEmpty(cells)) yield { cells, line: lines.after(end) };
    end = next.value.end;
  }
  return next.value && { error: next.value, line: lines.after(end) };
}
