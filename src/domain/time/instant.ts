/** The instant of an RFC 3339 date-time; undefined if there is none. */
export function instantOf(text: string | null | undefined): Date | undefined {
  return text == null ? undefined : new Date(text);
}
