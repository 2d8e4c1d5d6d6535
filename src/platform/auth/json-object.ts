export type JsonObject = Readonly<Record<string, unknown>>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
// Sticky: each match begins where the last one ended, so that the time is linear.
const LEXEME = /"(?:[^"\\]|\\.)*"|[{}[\]:]|[^"{}[\]:]+/gy;

/**
 * Parses a JSON object. Returns null if `bytes` are not well-formed UTF-8, not JSON, not an object, or contain a
 * duplicate member at any depth. Parsers handle duplicates differently, so they would read different tokens (RFC 7519,
 * section 4).
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject | null {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return isJsonObject(value) && !hasDuplicateMember(text) ? value : null;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasDuplicateMember(json: string): boolean {
  const open: Set<string>[] = [];
  let last = '';
  for (const [lexeme] of json.matchAll(LEXEME)) {
    if (lexeme === '{' || lexeme === '[') open.push(new Set());
    else if (lexeme === '}' || lexeme === ']') open.pop();
    else if (lexeme === ':') {
      const name: string = JSON.parse(last);
      const names = open.at(-1);
      if (names?.has(name)) return true;
      names?.add(name);
    } else if (lexeme.startsWith('"')) last = lexeme;
  }
  return false;
}
