/** The address of an import below the lane, by the media type of the file. */
export const importPaths: Readonly<Record<string, string>> = {
  'application/json': '/import.json',
  'text/csv': '/import.csv',
  'text/calendar': '/import.ics',
};
