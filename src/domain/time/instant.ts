/** The instant that an RFC 3339 date-time stands for, where there is one. */
export function instantOf(text: string | null | undefined): Date | undefined {
  return text == null ? undefined : new Date(text);
}
