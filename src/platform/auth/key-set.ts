import { type CryptoKey, importJWK } from 'jose';
import type { Logger } from 'pino';
import type { KeySetAlgorithm } from './compact-jws';
import { isJsonObject, type JsonObject } from './json-object';

export interface VerificationKey {
  readonly kid: string | undefined;
  /** The only algorithm for this key. A token with another algorithm is refused. */
  readonly algorithm: KeySetAlgorithm;
  readonly key: CryptoKey;
}

export type KeyLookup =
  | { readonly found: VerificationKey }
  | { readonly found: null }
  | { readonly unavailable: true; readonly retryAfterSeconds: number };

export interface KeySet {
  /** Finds the key with a token's `kid`; without a `kid`, the only key of the set. */
  find(kid: string | undefined): Promise<KeyLookup>;
  /** Fetches the set unless it is known. Never rejects. */
  warmUp(): Promise<void>;
  /** Whether a key that was found is still valid. */
  isValid(key: object): boolean;
  /** The number of usable keys. */
  size(): number;
  /** Whether there are keys that are still valid. */
  isUsable(): boolean;
  /** Milliseconds since the set was fetched; null before the first time. */
  ageMs(): number | null;
  close(): void;
}

export interface KeySetOptions {
  readonly url: string;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  readonly timeoutMs?: number | undefined;
}

/**
 * The shortest time between two fetches, successful or not. It limits fetches during an outage or a flood of unknown
 * `kid`s.
 */
const COOLDOWN_MS = 5_000;
/** Older keys are fetched again, so that a removed key is no longer accepted. */
const REFRESH_MS = 5 * 60_000;
/** How long known keys stay valid while the set is not available. */
const LIFETIME_MS = 60 * 60_000;
const TIMEOUT_MS = 3_000;
const MAX_BYTES = 256 * 1024;
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;

/** RFC 7518 section 3.1 and RFC 8037 section 3.1. An RSA key without `alg` counts as RS256, as is common. */
const KEY_KINDS: readonly { kty: string; crv?: string; algorithm: KeySetAlgorithm }[] = [
  { kty: 'OKP', crv: 'Ed25519', algorithm: 'EdDSA' },
  { kty: 'EC', crv: 'P-256', algorithm: 'ES256' },
  { kty: 'EC', crv: 'P-521', algorithm: 'ES512' },
  { kty: 'RSA', algorithm: 'RS256' },
  { kty: 'RSA', algorithm: 'PS256' },
];

/**
 * The public keys at a JWK set URL (RFC 7517). They are fetched at first use, when they are old, and when a token's
 * `kid` is unknown. At most one fetch runs at a time, and at most one starts per cooldown. jose's own remote set does
 * not use old keys during an outage, and its cooldown counts only successes.
 */
export function createKeySet(options: KeySetOptions): KeySet {
  const { url, log, now, timeoutMs = TIMEOUT_MS } = options;
  const closing = new AbortController();
  let { keys, fingerprint }: ImportedKeys = NO_KEYS;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let failing = false;
  let inFlight: Promise<void> | null = null;

  const isPast = (since: number, ms: number) => now() - since >= ms;

  async function attempt(): Promise<void> {
    try {
      const set = await fetchJson(url, AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]));
      const members = isJsonObject(set) ? set.keys : undefined;
      if (!Array.isArray(members)) throw new Error('the answer is not a JWK set');
      const usable = await importKeys(members);
      // If the set has not changed, the key objects stay the same, so that verified tokens stay cached.
      if (usable.fingerprint !== fingerprint) ({ keys, fingerprint } = usable);
      fetchedAt = now();
      if (usable.ignored > 0 || usable.keys.length === 0) {
        log.warn(
          { url, usable: usable.keys.length, ignored: usable.ignored },
          'key set: some keys cannot be used',
        );
      }
      if (failing) log.info({ url }, 'key set: reachable again');
      failing = false;
    } catch (error) {
      if (closing.signal.aborted) return;
      if (!failing) log.warn({ url, reason: describeFailure(error) }, 'key set: unreachable');
      failing = true;
    }
  }

  function refresh(): Promise<void> {
    if (inFlight === null && isPast(attemptedAt, COOLDOWN_MS)) {
      attemptedAt = now();
      inFlight = attempt().finally(() => {
        inFlight = null;
      });
    }
    return inFlight ?? Promise.resolve();
  }

  function known(kid: string | undefined): VerificationKey | null {
    if (kid !== undefined) return keys.find((key) => key.kid === kid) ?? null;
    return keys.length === 1 ? keys[0]! : null;
  }

  async function find(kid: string | undefined): Promise<KeyLookup> {
    if (isPast(fetchedAt, LIFETIME_MS)) ({ keys, fingerprint } = NO_KEYS);
    if (isPast(fetchedAt, REFRESH_MS)) {
      const refreshed = refresh();
      // During an outage, callers with a known key do not wait for the next fetch.
      if (!failing || known(kid) === null) await refreshed;
    }
    if (known(kid) === null) await refresh();

    const found = known(kid);
    if (found !== null || keys.length > 0) return { found };
    const waitMs = Math.max(0, attemptedAt + COOLDOWN_MS - now());
    return { unavailable: true, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
  }

  return {
    find,
    warmUp: async () => {
      if (keys.length === 0) await refresh();
    },
    isValid: (key) => !isPast(fetchedAt, LIFETIME_MS) && keys.some((one) => one === key),
    size: () => keys.length,
    isUsable: () => keys.length > 0 && !isPast(fetchedAt, LIFETIME_MS),
    ageMs: () => (fetchedAt === Number.NEGATIVE_INFINITY ? null : now() - fetchedAt),
    close: () => closing.abort(),
  };
}

/** Fetches the JSON at `url`. @throws if the status is not 200, or the answer redirects, is too large or is not JSON */
async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { redirect: 'error', headers: { accept: 'application/json' }, signal });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the answer's status is ${response.status}`);
  }
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`the answer is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Error('the answer is not JSON');
  }
}

interface ImportedKeys {
  readonly keys: readonly VerificationKey[];
  /** Equal for two sets with the same usable keys. */
  readonly fingerprint: string;
  readonly ignored: number;
}

const NO_KEYS: ImportedKeys = { keys: [], fingerprint: '', ignored: 0 };

/**
 * Imports the usable keys of a set. Private keys, symmetric keys, keys for another use, and keys that cannot be
 * imported are left out.
 */
async function importKeys(members: readonly unknown[]): Promise<ImportedKeys> {
  const keys: VerificationKey[] = [];
  const usable: unknown[] = [];
  for (const jwk of members) {
    const key = isJsonObject(jwk) ? await importKey(jwk) : null;
    if (key === null) continue;
    keys.push(key);
    usable.push(jwk);
  }
  return { keys, fingerprint: JSON.stringify(usable), ignored: members.length - usable.length };
}

async function importKey(jwk: JsonObject): Promise<VerificationKey | null> {
  const { kid, kty, crv, x, y, n, e, use, key_ops: operations } = jwk;
  const algorithm = algorithmOf(jwk);
  if (algorithm === null || Object.hasOwn(jwk, 'd')) return null;
  if (use !== undefined && use !== 'sig') return null;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return null;
  if (kid !== undefined && typeof kid !== 'string') return null;
  try {
    const parameters = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined);
    const key = (await importJWK(Object.fromEntries(parameters), algorithm)) as CryptoKey;
    const bits = 'modulusLength' in key.algorithm ? Number(key.algorithm.modulusLength) : null;
    if (bits !== null && (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)) return null;
    return { kid, algorithm, key };
  } catch {
    return null;
  }
}

/** The algorithm of a key, from its type; null if the type is not supported or `alg` contradicts it. */
function algorithmOf({ kty, crv, alg }: JsonObject): KeySetAlgorithm | null {
  const kind = KEY_KINDS.find(
    (one) =>
      one.kty === kty &&
      (one.crv === undefined || one.crv === crv) &&
      (alg === undefined || one.algorithm === alg),
  );
  return kind?.algorithm ?? null;
}

/** Why a fetch failed. The text contains no data from the server. */
function describeFailure(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return 'no answer in time';
  return cause?.code ?? cause?.message ?? message;
}
