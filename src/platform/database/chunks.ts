/** Rows that one statement writes at most: it stays well below the statement timeout, however large the lane is. */
export const rowsInStatement = 5_000;

/** A list in parts of at most `size`. */
export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  );
}
