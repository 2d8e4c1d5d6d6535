/** What the reader of a file made of a value that it could not take as it is. */
export interface ReadWarning {
  /** The name of the property, column or field in the file. */
  readonly field: string;
  /** What the file has; null if it lacks the value. */
  readonly found: string | null;
  /** What was made of it; null if it was left out. */
  readonly used: string | null;
  /** The reason. It completes a sentence that begins with the field. */
  readonly detail: string;
}
