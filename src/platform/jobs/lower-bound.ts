/** The lower bound of the search of a job that deletes the oldest rows. */
export interface LowerBound {
  /** The time from which on to search, for Postgres. */
  value(): Date | '-infinity';
  /**
   * Notes the result of a search.
   * @param last the time of the last row that was found; undefined leaves the bound
   * @param isLast whether no more rows are left. Then the next search begins at the start again, for rows that were skipped
   */
  found(last: Date | undefined, isLast: boolean): void;
}

/**
 * Makes a lower bound. Without one, each search would read the index entries of all rows that the searches before it have
 * found, which stay in the index until Postgres has vacuumed the table.
 */
export function createLowerBound(): LowerBound {
  let bound: Date | '-infinity' = '-infinity';
  return {
    value: () => bound,
    found(last, isLast) {
      bound = isLast ? '-infinity' : (last ?? bound);
    },
  };
}
