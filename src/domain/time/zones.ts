/** Names of time zones. */
const canonicalNames = new Set(Intl.supportedValuesOf('timeZone'));

/** Whether Intl can reckon with a zone of the IANA database: by its name or a link to it, in any case. */
export function isTimeZone(value: string): boolean {
  if (canonicalNames.has(value)) return true;
  // Intl takes offsets too, such as +02:00.
  if (!/^[a-z]/i.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}
