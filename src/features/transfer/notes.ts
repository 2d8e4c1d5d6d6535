/** Stores values of an import's rows in a file, because all of them together can exceed the memory. */
import { deserialize, serialize } from 'node:v8';
import type { SpooledBody } from '../../platform/contract/bodies/spool';

/** The location of a stored value in the file. */
export interface Note {
  readonly position: number;
  readonly length: number;
}

export interface Notes {
  write(value: unknown): Promise<Note>;
  /** The stored values, in the order of `notes`. */
  read<V>(notes: readonly Note[]): Promise<V[]>;
}

// Two notes are read at once if the gap between them is at most this large.
const maxGap = 64 * 1024;
const maxStretch = 1024 * 1024;

/** Groups notes that are close together, so that each group is read at once. */
function stretchesOf(notes: readonly Note[]): { from: number; to: number; notes: Note[] }[] {
  const stretches: { from: number; to: number; notes: Note[] }[] = [];
  for (const note of notes.toSorted((one, other) => one.position - other.position)) {
    const [last, end] = [stretches.at(-1), note.position + note.length];
    if (last && note.position - last.to <= maxGap && end - last.from <= maxStretch) {
      last.to = end;
      last.notes.push(note);
    } else stretches.push({ from: note.position, to: end, notes: [note] });
  }
  return stretches;
}

/** Creates notes that are stored in a file. */
export function createNotes(file: SpooledBody['file']): Notes {
  return {
    async write(value) {
      const bytes = serialize(value);
      return { position: await file.append(bytes), length: bytes.length };
    },
    async read<V>(notes: readonly Note[]) {
      const values = new Map<Note, V>();
      for (const { from, to, notes: within } of stretchesOf(notes)) {
        const bytes = await file.read(from, to - from);
        for (const note of within) {
          const start = note.position - from;
          values.set(note, deserialize(bytes.subarray(start, start + note.length)));
        }
      }
      return notes.map((note) => values.get(note) as V);
    },
  };
}
