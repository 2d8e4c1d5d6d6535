/** With `TASKLANE_ACCESS=cookie`, the service answers at the address of this app. */
import { type NextRequest, NextResponse } from 'next/server';

export function proxy({ nextUrl }: NextRequest) {
  if (process.env.TASKLANE_ACCESS !== 'cookie') return NextResponse.next();
  return NextResponse.rewrite(new URL(nextUrl.pathname + nextUrl.search, process.env.TASKLANE_URL));
}

// Everything below /api except Better Auth.
export const config = { matcher: '/api/:path((?!auth/).*)' };
