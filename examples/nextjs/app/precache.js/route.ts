/** What the service worker keeps, so that the app opens without a network: the page and everything that the build made. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connection } from 'next/server';

const folder = join(process.cwd(), '.next/static');

export async function GET() {
  // The page has settings of the running server.
  await connection();
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found
    .filter((each) => each.isFile() && !each.name.endsWith('.map'))
    .map((each) => `/_next/static${join(each.parentPath, each.name).slice(folder.length)}`)
    .sort();
  const { TASKLANE_URL, TASKLANE_ACCESS } = process.env;
  const version = createHash('sha256')
    .update(JSON.stringify([files, TASKLANE_URL, TASKLANE_ACCESS]))
    .digest('hex')
    .slice(0, 16);
  return new Response(`self.precache = ${JSON.stringify({ version, files })};\n`, {
    headers: { 'Content-Type': 'text/javascript', 'Cache-Control': 'no-cache' },
  });
}
