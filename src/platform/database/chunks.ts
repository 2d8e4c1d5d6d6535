/** The maximum number of rows that one statement writes. It then ends well before the statement timeout in any lane. */
export const rowsInStatement = 5_000;

/** Splits a list into parts of at most `size` items. */
export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  );
}
