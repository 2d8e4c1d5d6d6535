/** Names of time zones. */
let canonicalNames: ReadonlySet<string> | undefined;

/** True if Intl knows a time zone of the IANA database, by its name or by an alias, in upper or lower case. */
export function isTimeZone(value: string): boolean {
  canonicalNames ??= new Set(Intl.supportedValuesOf('timeZone'));
  if (canonicalNames.has(value)) return true;
  // Intl also accepts offsets such as +02:00.
  if (!/^[a-z]/i.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}
