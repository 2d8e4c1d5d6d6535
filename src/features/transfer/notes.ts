/** Notes on the rows of an import, in a file, since there is no room for them in memory. */
import { deserialize, serialize } from 'node:v8';
import type { SpooledBody } from '../../platform/contract/bodies/spool';

/** Where a note is. */
export interface Note {
  readonly position: number;
  readonly length: number;
}

export interface Notes {
  write(value: unknown): Promise<Note>;
  /** What was noted, in the same order. */
  read<V>(notes: readonly Note[]): Promise<V[]>;
}

// What lies between two notes is read along with them, up to so much.
const maxGap = 64 * 1024;
const maxStretch = 1024 * 1024;

/** Parts of a file to read at once. */
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

/** Notes that are kept in a file. */
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
