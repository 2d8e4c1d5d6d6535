import { accept, type Result, refuse } from './result';

/**
 * Reads the first of the cookies `names` that a Cookie header contains; null if there is none. Better Auth splits
 * large cookies into numbered parts (`.0`, `.1`, …), which are joined. A name that occurs twice is refused,
 * because a subdomain can have set one of the two (RFC 6265 section 8.6).
 */
export function readCookie(header: string, names: readonly string[]): Result<string | null> {
  const cookies = new Map<string, string>();
  const repeated: string[] = [];
  for (const pair of header.split(';')) {
    const separator = pair.indexOf('=');
    if (separator < 0) continue;
    const name = pair.slice(0, separator).trim();
    if (cookies.has(name)) repeated.push(name);
    cookies.set(name, pair.slice(separator + 1).trim());
  }

  for (const name of names) {
    if (repeated.some((other) => other === name || other.startsWith(`${name}.`))) {
      return refuse('cookie-repeated');
    }
    const value = cookies.get(name) || joinParts(cookies, name);
    if (value !== '') return decode(value);
  }
  return accept(null);
}

function joinParts(cookies: ReadonlyMap<string, string>, name: string): string {
  let value = '';
  for (let index = 0; cookies.has(`${name}.${index}`); index++) value += cookies.get(`${name}.${index}`);
  return value;
}

function decode(value: string): Result<string> {
  try {
    return accept(decodeURIComponent(value));
  } catch {
    return refuse('cookie-form');
  }
}
