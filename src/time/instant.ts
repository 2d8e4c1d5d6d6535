/** The instant that an RFC 3339 date-time stands for, where there is one. */
export function instantOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
