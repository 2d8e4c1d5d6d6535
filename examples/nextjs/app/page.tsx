import { connection } from 'next/server';
import { App } from '@/features/shell/app';

/** Every screen of a signed-in user: the browser shows them without asking this server (see lib/router.ts). */
export default async function Page() {
  // The settings are those of the running server, not of the build.
  await connection();
  const access = process.env.TASKLANE_ACCESS === 'cookie' ? 'cookie' : 'bearer';
  return <App service={{ access, url: process.env.TASKLANE_URL ?? '' }} />;
}
