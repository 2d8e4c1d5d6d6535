import type { ImportReport, Transfer } from '@/lib/tasklane';

/** Imports a file by its kind. With `isDry`, the service only says what it would do. @throws {SyntaxError} if it is not JSON */
export async function readFile(transfer: Transfer, file: File, isDry: boolean): Promise<ImportReport> {
  const query = { dry_run: isDry };
  if (/\.csv$/i.test(file.name)) return transfer.importCsv(file, query);
  if (/\.ics$/i.test(file.name)) return transfer.importCalendar(file, query);
  return transfer.import(JSON.parse(await file.text()), query);
}
