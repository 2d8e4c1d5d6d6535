import { createSecretKey, hash, type KeyObject } from 'node:crypto';
import { type CryptoKey, compactVerify, errors } from 'jose';
import type { Logger } from 'pino';
import { boundedCache } from '../bounded-cache';
import { readBearerClaims, readResourceClaims, type TokenSubject } from './claims';
import { type Algorithm, type JwsHeader, readHeader } from './compact-jws';
import type { AuthConfig } from './config';
import type { Credential } from './credential';
import { type Authentication, type Identity, identify, type Unavailable } from './identity';
import { type JsonObject, parseJsonObject } from './json-object';
import { createKeySet } from './key-set';
import { accept, type Result, refuse } from './result';
import { KEY_SET_COOKIE_TYPE, readCookieClaims } from './session-cookie';

/** The state of the key set. */
export interface KeySetState {
  /** Milliseconds since it was fetched; null before the first time. */
  readonly ageMs: number | null;
  /** Whether it has keys that are still valid. */
  readonly isUsable: boolean;
}

export interface TokenVerifier {
  /** @param resource the resource for which the token must have been issued, if it is not the service itself */
  verify(credential: Credential, resource?: string): Promise<Authentication>;
  /** Fetches the key set, if there is one, so that the first caller does not wait. Never rejects. */
  warmUp(): Promise<void>;
  sizes(): { readonly verifiedTokens: number; readonly keys: number };
  /** Null if the configuration has no key set. */
  keySet(): KeySetState | null;
  close(): void;
}

export interface TokenVerifierOptions {
  readonly config: AuthConfig;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A monotonic clock in milliseconds. */
  readonly monotonicNow: () => number;
}

interface Key {
  readonly algorithm: Algorithm;
  readonly key: CryptoKey | KeyObject;
}

interface Verified {
  readonly identity: Identity;
  readonly key: Key;
  /** Milliseconds since 1970. */
  readonly until: number;
}

const CACHED_TOKENS = 10_000;
const CACHE_MS = 60_000;
/** RFC 7515 section 4.1.9 allows to omit `application/`. Other types, such as logout tokens, are not access tokens. */
const ACCESS_TOKEN_TYPE = /^(?:application\/)?(?:at\+)?jwt$/i;

/** Verifies signed tokens. The key decides the algorithm, and the source decides which claims are checked and how. */
export function createTokenVerifier({ config, log, now, monotonicNow }: TokenVerifierOptions): TokenVerifier {
  const secretKeys = config.secrets.map<Key>((secret) => ({
    algorithm: 'HS256',
    key: createSecretKey(secret, 'utf8'),
  }));
  const verified = boundedCache<Verified>(CACHED_TOKENS);
  const keySet =
    config.keySetUrl === null ? null : createKeySet({ url: config.keySetUrl, log, now: monotonicNow });

  const isCurrent = (key: Key) => secretKeys.includes(key) || keySet?.isValid(key) === true;

  async function verify(credential: Credential, resource?: string): Promise<Authentication> {
    // The cache key includes the carrier and the resource: a token that is valid as a cookie is not valid as a bearer
    // token, and a token for one resource is not valid for another.
    const id = `${credential.carrier} ${hash('sha256', credential.text, 'base64url')} ${resource ?? ''}`;
    const known = verified.get(id);
    if (known !== undefined && now() < known.until && isCurrent(known.key)) {
      return { outcome: 'authenticated', identity: known.identity };
    }

    const checked = await check(credential, id, resource);
    if ('outcome' in checked) return checked;
    return checked.ok
      ? { outcome: 'authenticated', identity: checked.value }
      : { outcome: 'invalid', reason: checked.reason };
  }

  async function check(
    { carrier, text }: Credential,
    id: string,
    resource: string | undefined,
  ): Promise<Result<Identity> | Unavailable> {
    const header = readHeader(text);
    if (!header.ok) return header;
    const signedBy = header.value.alg === 'HS256' ? 'secret' : 'key-set';
    const source = carrier === 'header' ? signedBy : (`${signedBy}-cookie` as const);
    if (!config.sources.includes(source)) return refuse('algorithm');
    if (!isExpectedType(header.value.typ, source)) return refuse('token-type');

    const keys = signedBy === 'secret' ? secretKeys : await findKeySetKeys(header.value);
    if ('outcome' in keys) return keys;
    if (keys.length === 0) return refuse('key-unknown');
    const candidates = keys.filter((key) => key.algorithm === header.value.alg);
    if (candidates.length === 0) return refuse('algorithm');
    const signed = await verifySignature(text, candidates);
    if (signed === null) return refuse('signature');

    const claims = parseJsonObject(signed.payload);
    if (claims === null) return refuse('payload-form');
    const nowSeconds = Math.floor(now() / 1000);
    const subject: Result<TokenSubject> =
      carrier === 'header'
        ? readTokenClaims(claims, signedBy, nowSeconds, resource)
        : readCookieClaims(claims, config, signedBy, nowSeconds);
    if (!subject.ok) return subject;
    const origin = { source: carrier === 'header' ? signedBy : 'cookie', carrier } as const;
    const identity = identify(subject.value, origin, config, nowSeconds);
    const until = Math.min(now() + CACHE_MS, identity.expiresAt * 1000);
    verified.set(id, { identity, key: signed.key, until });
    return accept(identity);
  }

  function readTokenClaims(
    claims: JsonObject,
    signedBy: 'secret' | 'key-set',
    nowSeconds: number,
    resource: string | undefined,
  ): Result<TokenSubject> {
    return resource === undefined
      ? readBearerClaims(claims, config, signedBy, nowSeconds)
      : readResourceClaims(claims, { ...config, resource }, signedBy, nowSeconds);
  }

  async function findKeySetKeys({ kid }: JwsHeader): Promise<readonly Key[] | Unavailable> {
    const lookup = await keySet!.find(kid);
    if ('found' in lookup) return lookup.found === null ? [] : [lookup.found];
    const { retryAfterSeconds } = lookup;
    return { outcome: 'unavailable', retryAfterSeconds, reason: 'the key set is unreachable or empty' };
  }

  return {
    verify,
    warmUp: async () => keySet?.warmUp(),
    sizes: () => ({ verifiedTokens: verified.size, keys: keySet?.size() ?? 0 }),
    keySet: () =>
      keySet && {
        ageMs: keySet.ageMs(),
        isUsable: keySet.isUsable(),
      },
    close: () => keySet?.close(),
  };
}

function isExpectedType(typ: string | undefined, source: AuthConfig['sources'][number]): boolean {
  if (source === 'key-set-cookie') return typ === KEY_SET_COOKIE_TYPE;
  return typ === undefined || ACCESS_TOKEN_TYPE.test(typ);
}

/** The payload, and the key that signed it; null if it was not signed by one of `keys`. */
async function verifySignature(
  token: string,
  keys: readonly Key[],
): Promise<{ payload: Uint8Array; key: Key } | null> {
  for (const key of keys) {
    try {
      const { payload } = await compactVerify(token, key.key, { algorithms: [key.algorithm] });
      return { payload, key };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
  }
  return null;
}
