import { createHash } from 'node:crypto';
import { CompactEncrypt } from 'jose';
import { createSigningKey, encode, forge, hmac, type Signer, type SigningKey, signWith } from './signer';

/**
 * Requests that must not authenticate anyone, as data: each is sent to a service in its mode. Everything except the
 * attacked detail is valid, and the controls show that the valid form is accepted.
 */
export interface Attack {
  readonly name: string;
  readonly mode: Mode;
  readonly outcome: 'invalid' | 'missing';
  /** Whether an HTTP client can send it: no line breaks, no white space at either end. */
  readonly sendable: boolean;
  readonly credential: (kit: Kit) => Sent | Promise<Sent>;
}

export interface Control {
  readonly name: string;
  readonly mode: Mode;
  readonly credential: (kit: Kit) => Sent | Promise<Sent>;
}

export interface Sent {
  /** The headers in the order in which they are sent. A name can be repeated. */
  readonly headers: readonly (readonly [string, string])[];
  /** Appended to the URL. */
  readonly query?: string;
}

/** The configuration of the attacked service. */
export const MODES = [
  'secret',
  'secret-addressed',
  'key-set',
  'both',
  'secret-cookie',
  'key-set-cookie',
] as const;
export type Mode = (typeof MODES)[number];

/** All keys of an attack: the service's own keys make the valid tokens and the changed ones. */
export interface Kit {
  readonly secret: string;
  /** The origin of the key-set server, which is issuer and audience. */
  readonly origin: string;
  readonly keys: Readonly<Record<'ed25519' | 'otherEd25519' | 'p256' | 'rsa', SigningKey>>;
  /** A key that is not in the key set. */
  readonly attacker: SigningKey;
  readonly userId: string;
}

export function createKit(): Omit<Kit, 'origin'> {
  return {
    secret: 'Pq7tB2mX9vKcR4wLz8sDfG6hJ1nY3aEu',
    keys: {
      ed25519: createSigningKey('ed25519-key', 'EdDSA'),
      otherEd25519: createSigningKey('other-ed25519-key', 'EdDSA'),
      p256: createSigningKey('p256-key', 'ES256'),
      rsa: createSigningKey('rsa-key', 'RS256'),
    },
    attacker: createSigningKey('ed25519-key', 'EdDSA'),
    userId: 'alice',
  };
}

/** The environment of a service in one mode, with its key set at the kit's origin. */
export function environmentOf(
  mode: Mode,
  { secret, origin }: Pick<Kit, 'secret' | 'origin'>,
): NodeJS.ProcessEnv {
  return {
    secret: { BETTER_AUTH_SECRET: secret },
    'secret-addressed': { BETTER_AUTH_SECRET: secret, AUTH_ISSUER: origin, AUTH_AUDIENCE: origin },
    'key-set': { BETTER_AUTH_URL: origin },
    both: { BETTER_AUTH_URL: origin, BETTER_AUTH_SECRET: secret, AUTH_SOURCES: 'secret,key-set' },
    'secret-cookie': { BETTER_AUTH_SECRET: secret, AUTH_SOURCES: 'secret,secret-cookie' },
    'key-set-cookie': { BETTER_AUTH_URL: origin, AUTH_SOURCES: 'key-set,key-set-cookie' },
  }[mode];
}

type Claims = Record<string, unknown>;
type Make<T> = (kit: Kit) => T;

const nowSeconds = () => Math.floor(Date.now() / 1000);

function claimsOf(kit: Kit, mode: Mode, changes: Claims = {}): Claims {
  const addressed = mode === 'secret' || mode === 'secret-cookie' ? {} : { iss: kit.origin, aud: kit.origin };
  return { sub: kit.userId, iat: nowSeconds() - 60, exp: nowSeconds() + 840, ...addressed, ...changes };
}

/** The valid signature for the mode, of any payload. */
function signFor(kit: Kit, mode: Mode, payload: string | object | Buffer, header: object = {}): string {
  return mode === 'secret' || mode === 'secret-addressed' || mode === 'secret-cookie'
    ? forge({ alg: 'HS256', ...header }, payload, hmac(kit.secret))
    : signWith(kit.keys.ed25519, payload, header);
}

function validToken(kit: Kit, mode: Mode): string {
  return signFor(kit, mode, claimsOf(kit, mode));
}

const authorization = (value: string): Sent => ({ headers: [['Authorization', value]] });
const asBearer = (token: string): Sent => authorization(`Bearer ${token}`);
const cookies = (...pairs: string[]): Sent => ({ headers: [['Cookie', pairs.join('; ')]] });
const COOKIE = 'better-auth.session_data';

/** Attacks with a bearer token, the same in several modes. */
function tokens(
  modes: readonly Mode[],
  attacks: Record<string, (kit: Kit, mode: Mode) => string | Promise<string>>,
) {
  return modes.flatMap((mode) =>
    Object.entries(attacks).map(
      ([name, make]): Attack => ({
        name,
        mode,
        outcome: 'invalid',
        sendable: true,
        credential: async (kit) => asBearer(await make(kit, mode)),
      }),
    ),
  );
}

/** Attacks with a valid signature over changed token claims; undefined omits a claim. */
function claims(modes: readonly Mode[], changes: Record<string, Claims | Make<Claims>>) {
  const attacks = Object.entries(changes).map(([name, change]) => [
    name,
    (kit: Kit, mode: Mode) =>
      signFor(kit, mode, claimsOf(kit, mode, typeof change === 'function' ? change(kit) : change)),
  ]);
  return tokens(modes, Object.fromEntries(attacks));
}

/** Attacks with a valid signature over a payload in which a JSON text replaces the value of one token claim. */
function rawClaims(modes: readonly Mode[], changes: Record<string, { claim: string; json: string }>) {
  const attacks = Object.entries(changes).map(([name, { claim, json }]) => [
    name,
    (kit: Kit, mode: Mode) => {
      const payload = JSON.stringify(claimsOf(kit, mode, { [claim]: '<here>' }));
      return signFor(kit, mode, payload.replace('"<here>"', json));
    },
  ]);
  return tokens(modes, Object.fromEntries(attacks));
}

/** Attacks with other parts of a request. */
function requests(
  modes: readonly Mode[],
  outcome: Attack['outcome'],
  attacks: Record<string, (kit: Kit, mode: Mode) => Sent | Promise<Sent>>,
) {
  return modes.flatMap((mode) =>
    Object.entries(attacks).map(
      ([name, make]): Attack => ({
        name,
        mode,
        outcome,
        sendable: true,
        credential: (kit) => make(kit, mode),
      }),
    ),
  );
}

const unsendable = (attacks: readonly Attack[]) => attacks.map((attack) => ({ ...attack, sendable: false }));

const BEARER_MODES = ['secret', 'secret-addressed', 'key-set', 'both'] as const;
const SIGNED_MODES = ['secret', 'key-set', 'both'] as const;
const KEY_SET_MODES = ['key-set', 'both'] as const;
const ADDRESSED_MODES = ['secret-addressed', 'key-set', 'both'] as const;
const COOKIE_MODES = ['secret-cookie', 'key-set-cookie'] as const;

const NONE_SPELLINGS = ['none', 'None', 'NONE', 'nOnE', 'none ', '', 'null', 'undefined'];

/** Each spelling without a signature, with a random one, and with the valid one for the mode. */
function unsigned(): Attack[] {
  return NONE_SPELLINGS.flatMap((alg) =>
    tokens(SIGNED_MODES, {
      [`alg "${alg}" without a signature`]: (kit, mode) =>
        forge({ alg }, claimsOf(kit, mode), () => Buffer.alloc(0)),
      [`alg "${alg}" with a random signature`]: (kit, mode) =>
        forge({ alg, kid: kit.keys.ed25519.kid }, claimsOf(kit, mode), (input) =>
          createHash('sha512').update(input).digest(),
        ),
      [`alg "${alg}" with a valid signature`]: (kit, mode) =>
        signFor(kit, mode, claimsOf(kit, mode), { alg }),
    }),
  );
}

const publicBytes = (key: SigningKey) => Buffer.from(key.jwk.x!, 'base64url');
const pem = (key: SigningKey, type: 'spki' | 'pkcs1' = 'spki') =>
  String(key.publicKey.export({ format: 'pem', type }));

/** HS256 with public data as the secret. */
function confusedHmac(key: Make<string | Buffer>, kid?: string) {
  return (kit: Kit, mode: Mode) => forge({ alg: 'HS256', kid }, claimsOf(kit, mode), hmac(key(kit)));
}

function algorithms(): Attack[] {
  return [
    ...unsigned(),
    ...tokens(SIGNED_MODES, {
      'no alg': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { alg: undefined }),
      'alg null': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { alg: null }),
      'alg as an array': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { alg: ['HS256'] }),
      'alg in lower case': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { alg: 'hs256' }),
      'alg of another type of key': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { alg: 'ES512' }),
      'two alg members': (kit, mode) =>
        mode === 'secret'
          ? forge('{"alg":"none","alg":"HS256"}', claimsOf(kit, mode), hmac(kit.secret))
          : forge(
              '{"alg":"none","alg":"EdDSA","kid":"ed25519-key"}',
              claimsOf(kit, mode),
              kit.keys.ed25519.sign,
            ),
      HS384: (kit, mode) => forge({ alg: 'HS384' }, claimsOf(kit, mode), hmac(kit.secret, 'sha384')),
      HS512: (kit, mode) => forge({ alg: 'HS512' }, claimsOf(kit, mode), hmac(kit.secret, 'sha512')),
      'HS256 with an empty secret': confusedHmac(() => ''),
      'HS256 with another secret': confusedHmac(() => 'x'.repeat(32)),
      'HS256 with the secret read as Base64': confusedHmac((kit) => Buffer.from(kit.secret, 'base64')),
      'HS256 with the public RSA key in PEM as its secret': confusedHmac(
        (kit) => pem(kit.keys.rsa),
        'rsa-key',
      ),
      'HS256 with the public RSA key in PKCS#1 PEM as its secret': confusedHmac(
        (kit) => pem(kit.keys.rsa, 'pkcs1'),
        'rsa-key',
      ),
      'HS256 with the bytes of the public Ed25519 key as its secret': confusedHmac(
        (kit) => publicBytes(kit.keys.ed25519),
        'ed25519-key',
      ),
      'HS256 with the Base64 text of the public Ed25519 key as its secret': confusedHmac(
        (kit) => kit.keys.ed25519.jwk.x!,
        'ed25519-key',
      ),
      'HS256 with the public JWK as its secret': confusedHmac(
        (kit) => JSON.stringify(kit.keys.ed25519.jwk),
        'ed25519-key',
      ),
      'the key of an attacker': (kit, mode) => signWith(kit.attacker, claimsOf(kit, mode)),
    }),
    ...tokens(['secret', 'secret-addressed'], {
      'EdDSA if only a secret is configured': (kit, mode) => signWith(kit.keys.ed25519, claimsOf(kit, mode)),
      'RS256 if only a secret is configured': (kit, mode) => signWith(kit.keys.rsa, claimsOf(kit, mode)),
      'RS256 with an HMAC signature of the secret': (kit, mode) =>
        forge({ alg: 'RS256' }, claimsOf(kit, mode), hmac(kit.secret)),
    }),
    ...tokens(['key-set'], {
      'HS256 with the right secret if only the key set is accepted': (kit, mode) =>
        forge({ alg: 'HS256' }, claimsOf(kit, mode), hmac(kit.secret)),
    }),
    ...tokens(KEY_SET_MODES, {
      'PS256 with an RS256 key': (kit, mode) => signWith(kit.keys.rsa, claimsOf(kit, mode), { alg: 'PS256' }),
      'ES256 with a signature of zeros': (kit, mode) =>
        forge({ alg: 'ES256', kid: 'p256-key' }, claimsOf(kit, mode), () => Buffer.alloc(64)),
      'ES256 with a signature in DER': (kit, mode) =>
        forge({ alg: 'ES256', kid: 'p256-key' }, claimsOf(kit, mode), (input) =>
          toDer(kit.keys.p256.sign(input)),
        ),
      'EdDSA with a signature of zeros': (kit, mode) =>
        forge({ alg: 'EdDSA', kid: 'ed25519-key' }, claimsOf(kit, mode), () => Buffer.alloc(64)),
      'EdDSA with S plus the group order': (kit, mode) =>
        forge({ alg: 'EdDSA', kid: 'ed25519-key' }, claimsOf(kit, mode), (input) =>
          addGroupOrder(kit.keys.ed25519.sign(input)),
        ),
    }),
  ];
}

function headerParameters(): Attack[] {
  return [
    ...tokens(SIGNED_MODES, {
      'an embedded jwk': (kit, mode) =>
        forge({ alg: 'EdDSA', jwk: kit.attacker.jwk }, claimsOf(kit, mode), kit.attacker.sign),
      'an embedded jwk with the kid of a known key': (kit, mode) =>
        signWith(kit.attacker, claimsOf(kit, mode), { jwk: kit.attacker.jwk }),
      'an embedded jwk of a known key': (kit, mode) =>
        signFor(kit, mode, claimsOf(kit, mode), { jwk: kit.keys.ed25519.jwk }),
      'a jku header': (kit, mode) =>
        signWith(kit.attacker, claimsOf(kit, mode), { jku: 'http://127.0.0.1:9/jwks' }),
      'a jku header with a valid signature': (kit, mode) =>
        signFor(kit, mode, claimsOf(kit, mode), { jku: 'http://127.0.0.1:9/jwks' }),
      'an x5u header': (kit, mode) =>
        signWith(kit.attacker, claimsOf(kit, mode), { x5u: 'http://127.0.0.1:9/cert' }),
      'an x5c header': (kit, mode) => signWith(kit.attacker, claimsOf(kit, mode), { x5c: ['AAAA'] }),
      'kid as a path, with an empty secret': confusedHmac(() => '', '../../../../dev/null'),
      'kid as a path': (kit, mode) => signWith(kit.attacker, claimsOf(kit, mode), { kid: '/dev/null' }),
      'kid as SQL': (kit, mode) =>
        signWith(kit.attacker, claimsOf(kit, mode), { kid: "x' UNION SELECT 'secret' --" }),
      'kid as an object': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { kid: { $ne: '' } }),
      'kid as an array': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { kid: ['ed25519-key'] }),
      'kid as a number': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { kid: 0 }),
      'kid null': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { kid: null }),
      'kid __proto__': (kit, mode) => signWith(kit.attacker, claimsOf(kit, mode), { kid: '__proto__' }),
      'crit with a known parameter': (kit, mode) =>
        signFor(kit, mode, claimsOf(kit, mode), { crit: ['exp'], exp: 1 }),
      'crit with an unknown parameter': (kit, mode) =>
        signFor(kit, mode, claimsOf(kit, mode), { crit: ['x-admin'], 'x-admin': true }),
      'an empty crit': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { crit: [] }),
      'b64 false and critical': (kit, mode) =>
        signFor(kit, mode, claimsOf(kit, mode), { crit: ['b64'], b64: false }),
      'b64 false and critical, with an unencoded payload in the signature': (kit, mode) =>
        unencodedPayload(kit, mode),
      'b64 false': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { b64: false }),
      'a zip header': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { zip: 'DEF' }),
      'the typ of a logout token': (kit, mode) =>
        signFor(kit, mode, claimsOf(kit, mode), { typ: 'logout+jwt' }),
      'the typ of a session cookie': (kit, mode) =>
        signFor(kit, mode, claimsOf(kit, mode), { typ: 'better-auth.session-cache+jwt' }),
      'typ as an object': (kit, mode) => signFor(kit, mode, claimsOf(kit, mode), { typ: {} }),
      'a header that is an array': (kit, mode) => forge([], claimsOf(kit, mode), hmac(kit.secret)),
      'a header that is a string': (kit, mode) => forge('"HS256"', claimsOf(kit, mode), hmac(kit.secret)),
      'a header that is not JSON': (kit, mode) => forge('{', claimsOf(kit, mode), hmac(kit.secret)),
    }),
    ...tokens(KEY_SET_MODES, {
      'no kid with several keys in the set': (kit, mode) =>
        signWith(kit.keys.ed25519, claimsOf(kit, mode), { kid: undefined }),
      'the kid of another key of the same type': (kit, mode) =>
        signWith(kit.keys.ed25519, claimsOf(kit, mode), { kid: kit.keys.otherEd25519.kid }),
      'the kid of a key of another type': (kit, mode) =>
        signWith(kit.keys.ed25519, claimsOf(kit, mode), { kid: kit.keys.rsa.kid }),
      'the kid in upper case': (kit, mode) =>
        signWith(kit.keys.ed25519, claimsOf(kit, mode), { kid: 'ED25519-KEY' }),
      'an unknown kid': (kit, mode) => signWith(kit.keys.ed25519, claimsOf(kit, mode), { kid: 'unknown' }),
      'an empty kid': (kit, mode) => signWith(kit.keys.ed25519, claimsOf(kit, mode), { kid: '' }),
    }),
  ];
}

function times(): Attack[] {
  const now = nowSeconds;
  return [
    ...claims(BEARER_MODES, {
      'exp a minute ago': () => ({ exp: now() - 60 }),
      'exp a month ago': () => ({ iat: now() - 31 * 86_400, exp: now() - 30 * 86_400 }),
      'no exp': { exp: undefined },
      'exp null': { exp: null },
      'exp as a string': () => ({ exp: String(now() + 840) }),
      'exp as a date string': () => ({ exp: new Date(Date.now() + 840_000).toISOString() }),
      'exp true': { exp: true },
      'exp as an array': () => ({ exp: [now() + 840] }),
      'exp as an object': { exp: { $gt: 0 } },
      'exp 0': { exp: 0 },
      'a negative exp': { exp: -1 },
      'exp in milliseconds': () => ({ exp: Date.now() + 840_000 }),
      'a very large exp': { exp: Number.MAX_SAFE_INTEGER },
      'a lifetime of ten years': () => ({ exp: now() + 3650 * 86_400 }),
      'a lifetime of ten years that is almost over': () => ({ iat: now() - 3650 * 86_400 }),
      'a lifetime of ten years without iat': () => ({
        iat: undefined,
        exp: now() + 3650 * 86_400,
      }),
      'nbf in a minute': () => ({ nbf: now() + 60 }),
      'nbf as a string': () => ({ nbf: String(now() - 60) }),
      'nbf null': { nbf: null },
      'iat in a minute': () => ({ iat: now() + 60 }),
      'iat as a string': () => ({ iat: String(now()) }),
      'iat null': { iat: null },
      'iat as an object': { iat: {} },
    }),
    ...rawClaims(BEARER_MODES, {
      'exp 1e400': { claim: 'exp', json: '1e400' },
      'exp -1e400': { claim: 'exp', json: '-1e400' },
      'nbf -1e400': { claim: 'nbf', json: '-1e400' },
      'iat -1e400': { claim: 'iat', json: '-1e400' },
    }),
  ];
}

function issuersAndAudiences(): Attack[] {
  return [
    ...claims(ADDRESSED_MODES, {
      'another iss': { iss: 'https://evil.example' },
      'iss with a trailing slash': (kit) => ({ iss: `${kit.origin}/` }),
      'iss with a path': (kit) => ({ iss: `${kit.origin}/api/auth` }),
      'iss in upper case': (kit) => ({ iss: kit.origin.toUpperCase() }),
      'iss with a suffix': (kit) => ({ iss: `${kit.origin}.evil.example` }),
      'iss as an array': (kit) => ({ iss: [kit.origin] }),
      'iss as an object': (kit) => ({ iss: { toString: kit.origin } }),
      'an empty iss': { iss: '' },
      'iss null': { iss: null },
      'another aud': { aud: 'https://evil.example' },
      'aud with a trailing slash': (kit) => ({ aud: `${kit.origin}/` }),
      'aud as an object': (kit) => ({ aud: { 0: kit.origin, length: 1 } }),
      'aud as a number': { aud: 1 },
      'aud null': { aud: null },
      'an empty aud': { aud: '' },
      'aud as an empty array': { aud: [] },
      'aud as an array of other audiences': { aud: ['https://evil.example', 'https://other.example'] },
      'aud as a nested array': (kit) => ({ aud: [[kit.origin]] }),
      'aud as an array with a number': (kit) => ({ aud: [kit.origin, 1] }),
      'aud as one string with two audiences': (kit) => ({ aud: `${kit.origin} https://evil.example` }),
    }),
    ...claims(['secret-addressed', 'key-set'], {
      'no iss': { iss: undefined },
      'no aud': { aud: undefined },
    }),
    ...claims(['secret'], {
      'an aud if no audience is configured': { aud: 'https://elsewhere.example' },
      'aud as an object if no audience is configured': { aud: {} },
      'iss as an array if no issuer is configured': { iss: ['https://elsewhere.example'] },
    }),
  ];
}

function subjects(): Attack[] {
  return [
    ...claims(BEARER_MODES, {
      'no sub': { sub: undefined },
      'no sub, but an id': { sub: undefined, id: 'alice' },
      'an empty sub': { sub: '' },
      'sub as a number': { sub: 1 },
      'sub true': { sub: true },
      'sub as an array': { sub: ['alice'] },
      'sub as an object': { sub: { id: 'alice' } },
      'sub null': { sub: null },
      'sub of one NUL': { sub: '\0' },
      'sub with a NUL at the end': { sub: 'alice\0' },
      'sub with a line break': { sub: 'ali\nce' },
      'sub with DEL': { sub: 'alice\u007f' },
      'sub with a C1 control': { sub: 'alice\u0085x' },
      'sub with a space at the beginning': { sub: ' alice' },
      'sub with a space at the end': { sub: 'alice ' },
      'sub with a no-break space at the end': { sub: 'alice\u00a0' },
      'sub with a byte order mark at the beginning': { sub: '\ufeffalice' },
      'sub of white space': { sub: ' ' },
      'sub __proto__': { sub: '__proto__' },
      'sub constructor': { sub: 'constructor' },
      'sub "."': { sub: '.' },
      'sub ".."': { sub: '..' },
      'sub with a slash': { sub: 'alice/tasks' },
      'sub with a backslash': { sub: 'alice\\tasks' },
      'sub of 256 characters': { sub: 'a'.repeat(256) },
      'sub of 256 characters outside the BMP': { sub: '😀'.repeat(256) },
      'sub of 5000 characters': { sub: 'a'.repeat(5000) },
    }),
    ...rawClaims(BEARER_MODES, {
      'sub with a lone surrogate': { claim: 'sub', json: '"alice\\ud800"' },
      'sub with surrogates in the wrong order': { claim: 'sub', json: '"\\udc00\\ud800"' },
      'sub null and a second sub in __proto__': { claim: 'sub', json: 'null,"__proto__":{"sub":"alice"}' },
    }),
    ...tokens(BEARER_MODES, {
      'sub only in __proto__': (kit, mode) => {
        const { sub: _, ...others } = claimsOf(kit, mode);
        return signFor(kit, mode, JSON.stringify(others).replace('{', '{"__proto__":{"sub":"alice"},'));
      },
    }),
  ];
}

function payloads(): Attack[] {
  const json = (kit: Kit, mode: Mode) => JSON.stringify(claimsOf(kit, mode));
  return tokens(SIGNED_MODES, {
    'two sub members': (kit, mode) => signFor(kit, mode, json(kit, mode).replace('{', '{"sub":"mallory",')),
    'two sub members, one of them escaped': (kit, mode) =>
      signFor(kit, mode, json(kit, mode).replace('{', '{"\\u0073ub":"mallory",')),
    'two exp members': (kit, mode) => signFor(kit, mode, json(kit, mode).replace('}', ',"exp":9999999999}')),
    'a repeated name inside a claim': (kit, mode) =>
      signFor(kit, mode, json(kit, mode).replace('}', ',"a":{"b":1,"b":2}}')),
    'a payload that is an array': (kit, mode) => signFor(kit, mode, [claimsOf(kit, mode)]),
    'a payload that is a string': (kit, mode) => signFor(kit, mode, '"alice"'),
    'a payload that is a number': (kit, mode) => signFor(kit, mode, '1'),
    null: (kit, mode) => signFor(kit, mode, 'null'),
    'a payload that is not JSON': (kit, mode) => signFor(kit, mode, `${json(kit, mode)}x`),
    'a payload with a comment': (kit, mode) => signFor(kit, mode, `${json(kit, mode)}/**/`),
    'a payload with a byte order mark': (kit, mode) => signFor(kit, mode, `\ufeff${json(kit, mode)}`),
    'a payload in UTF-16': (kit, mode) => signFor(kit, mode, Buffer.from(json(kit, mode), 'utf16le')),
    'a payload that is not UTF-8': (kit, mode) =>
      signFor(
        kit,
        mode,
        Buffer.concat([
          Buffer.from('{"x":"'),
          Buffer.from([0xff]),
          Buffer.from(`",${json(kit, mode).slice(1)}`),
        ]),
      ),
    'a payload of a thousand nested arrays': (kit, mode) =>
      signFor(kit, mode, '['.repeat(1000) + ']'.repeat(1000)),
  });
}

function otherTokens(): Attack[] {
  const alive = () => ({ iat: nowSeconds(), exp: nowSeconds() + 300 });
  return [
    ...tokens(SIGNED_MODES, {
      'an e-mail verification token': (kit, mode) =>
        signFor(kit, mode, { email: 'alice@example.com', ...alive() }),
      'an e-mail change token': (kit, mode) =>
        signFor(kit, mode, {
          email: 'alice@example.com',
          updateTo: 'mallory@example.com',
          requestType: 'change-email-verification',
          ...alive(),
        }),
      'the session cookie that the secret signs, as a bearer token': (kit) => secretCookie(kit),
      'the session cookie that the key set signs, as a bearer token': (kit) => keySetCookie(kit),
      'a JWE': async (kit, mode) =>
        new CompactEncrypt(Buffer.from(JSON.stringify(claimsOf(kit, mode))))
          .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
          .encrypt(Buffer.from(kit.secret)),
      'an opaque session token': () => 'Xk3PzQ8vT1mN6bC9yR4wL7sD2fG5hJ0a',
      'a signed session token': (kit) => {
        const token = 'Xk3PzQ8vT1mN6bC9yR4wL7sD2fG5hJ0a';
        return `${token}.${hmac(kit.secret)(token).toString('base64')}`;
      },
    }),
    ...tokens(KEY_SET_MODES, {
      'an id token for another client': (kit, mode) =>
        signWith(kit.keys.ed25519, claimsOf(kit, mode, { aud: 'some-client-id' })),
    }),
  ];
}

function forms(): Attack[] {
  const change = (at: number, how: (part: string) => string) => (kit: Kit, mode: Mode) =>
    validToken(kit, mode)
      .split('.')
      .map((part, index) => (index === at ? how(part) : part))
      .join('.');
  return [
    ...tokens(SIGNED_MODES, {
      'a truncated signature': change(2, (part) => part.slice(0, -4)),
      'a signature without its last byte': change(2, (part) =>
        encode(Buffer.from(part, 'base64url').subarray(0, -1)),
      ),
      'a signature of one character': change(2, (part) => part[0]!),
      'an empty signature': change(2, () => ''),
      'a changed signature': change(2, (part) => (part[0] === 'A' ? 'B' : 'A') + part.slice(1)),
      'a signature with changed unused bits': change(2, strayBits),
      'a longer signature': change(2, (part) => `${part}AAAA`),
      'the signature of another token': (kit, mode) =>
        [...validToken(kit, mode).split('.').slice(0, 2), signFor(kit, mode, {}).split('.')[2]].join('.'),
      'a changed payload': change(1, (part) =>
        encode(Buffer.from(part, 'base64url').toString().replace('alice', 'bob')),
      ),
      'a payload with padding': change(1, (part) => `${part}=`),
      'a signature with padding': change(2, (part) => `${part}==`),
      'a header with padding': change(0, (part) => `${part}=`),
      'a space inside the token': change(1, (part) => `${part.slice(0, 9)} ${part.slice(9)}`),
      'a tab inside the token': change(1, (part) => `${part.slice(0, 9)}\t${part.slice(9)}`),
      'a signature in the Base64 alphabet instead of base64url': change(2, () => '+/'.repeat(16)),
      'only one part': (kit, mode) => validToken(kit, mode).split('.')[1]!,
      'only two parts': (kit, mode) => validToken(kit, mode).split('.').slice(0, 2).join('.'),
      'four parts': (kit, mode) => `${validToken(kit, mode)}.AAAA`,
      'four parts, the last one empty': (kit, mode) => `${validToken(kit, mode)}.`,
      'a dot before the token': (kit, mode) => `.${validToken(kit, mode)}`,
      'no payload': change(1, () => ''),
      'no header': change(0, () => ''),
      'only dots': () => '..',
      'a comma after the token': (kit, mode) => `${validToken(kit, mode)},`,
      'two tokens': (kit, mode) => `${validToken(kit, mode)}, Bearer ${validToken(kit, mode)}`,
      'quotation marks around the token': (kit, mode) => `"${validToken(kit, mode)}"`,
      'a token of more than 8 KiB': (kit, mode) =>
        signFor(kit, mode, claimsOf(kit, mode, { pad: 'x'.repeat(6_200) })),
    }),
    ...unsendable(
      tokens(SIGNED_MODES, {
        'a line break inside the token': change(1, (part) => `${part.slice(0, 9)}\n${part.slice(9)}`),
        'a line break after the token': (kit, mode) => `${validToken(kit, mode)}\n`,
        'a space after the token': (kit, mode) => `${validToken(kit, mode)} `,
        'a letter outside of ASCII in the token': change(
          1,
          (part) => `${part.slice(0, 9)}ａ${part.slice(9)}`,
        ),
      }),
    ),
  ];
}

function headers(): Attack[] {
  return [
    ...requests(SIGNED_MODES, 'invalid', {
      'two Authorization headers': (kit, mode) => ({
        headers: [
          ['Authorization', `Bearer ${validToken(kit, mode)}`],
          ['authorization', `Bearer ${validToken(kit, mode)}`],
        ],
      }),
      'an invalid Authorization header before a valid one': (kit, mode) => ({
        headers: [
          ['Authorization', 'Basic YWxpY2U6YWxpY2U='],
          ['Authorization', `Bearer ${validToken(kit, mode)}`],
        ],
      }),
      'the scheme without a token': () => authorization('Bearer'),
      'the scheme twice': (kit, mode) => authorization(`Bearer Bearer ${validToken(kit, mode)}`),
      'a tab after the scheme and the space': (kit, mode) =>
        authorization(`Bearer \t${validToken(kit, mode)}`),
    }),
    ...requests(SIGNED_MODES, 'missing', {
      'no credential': () => ({ headers: [] }),
      'a token in the query': (kit, mode) => ({
        headers: [],
        query: new URLSearchParams({
          access_token: validToken(kit, mode),
          token: validToken(kit, mode),
        }).toString(),
      }),
      'the Basic scheme': () => authorization('Basic YWxpY2U6YWxpY2U='),
      'the Basic scheme around a token': (kit, mode) => authorization(`Basic ${validToken(kit, mode)}`),
      'no scheme': (kit, mode) => authorization(validToken(kit, mode)),
      'a scheme that starts like Bearer': (kit, mode) => authorization(`Bearer: ${validToken(kit, mode)}`),
      'other headers that carry tokens': (kit, mode) => ({
        headers: [
          ['X-Authorization', `Bearer ${validToken(kit, mode)}`],
          ['Proxy-Authorization', `Bearer ${validToken(kit, mode)}`],
          ['X-User-Id', 'alice'],
        ],
      }),
      'a session cookie if cookies are not accepted': (kit) =>
        cookies(`${COOKIE}=${secretCookie(kit)}`, `better-auth.session_token=${validToken(kit, 'secret')}`),
    }),
  ];
}

function sessionOf(kit: Kit, changes: Claims = {}, userChanges: Claims = {}): Claims {
  const expiresAt = new Date(Date.now() + 7 * 86_400_000).toISOString();
  const session = {
    id: 's1',
    userId: kit.userId,
    token: 'Xk3PzQ8vT1mN6bC9yR4wL7sD2fG5hJ0a',
    expiresAt,
    ...changes,
  };
  const user = { id: kit.userId, email: 'alice@example.com', name: 'Alice', ...userChanges };
  return {
    session,
    user,
    updatedAt: Date.now(),
    version: '1',
    iat: nowSeconds() - 60,
    exp: nowSeconds() + 240,
  };
}

function secretCookie(kit: Kit, claims: Claims = {}, session: Claims = {}, user: Claims = {}): string {
  return forge({ alg: 'HS256' }, { ...sessionOf(kit, session, user), ...claims }, hmac(kit.secret));
}

function keySetCookie(
  kit: Kit,
  claims: Claims = {},
  session: Claims = {},
  user: Claims = {},
  header = {},
): string {
  const addressed = {
    iss: kit.origin,
    aud: 'better-auth:session-cache',
    sub: kit.userId,
    sid: 'Xk3PzQ8vT1mN6bC9yR4wL7sD2fG5hJ0a',
  };
  return signWith(
    kit.keys.ed25519,
    { ...sessionOf(kit, session, user), ...addressed, ...claims },
    { typ: 'better-auth.session-cache+jwt', ...header },
  );
}

function cookieFor(
  kit: Kit,
  mode: Mode,
  claims: Claims = {},
  session: Claims = {},
  user: Claims = {},
): string {
  return (mode === 'secret-cookie' ? secretCookie : keySetCookie)(kit, claims, session, user);
}

function sessionCookies(): Attack[] {
  const cookie = (value: string): Sent => cookies(`${COOKIE}=${value}`);
  const halves = (text: string) => [text.slice(0, 200), text.slice(200)] as const;
  return [
    ...requests(COOKIE_MODES, 'invalid', {
      'a bearer token as the cookie': (kit, mode) => cookie(validToken(kit, mode)),
      'an e-mail verification token as the cookie': (kit, mode) =>
        cookie(signFor(kit, mode, { email: 'a@example.com', exp: nowSeconds() + 300 }, typeFor(mode))),
      'a cookie of the compact strategy of Better Auth': (kit) =>
        cookie(encode({ session: sessionOf(kit), expiresAt: Date.now() + 300_000, signature: 'AAAA' })),
      'a cookie signed by an attacker': (kit, mode) =>
        cookie(
          mode === 'secret-cookie'
            ? forge({ alg: 'HS256' }, sessionOf(kit), hmac('x'.repeat(32)))
            : signWith(kit.attacker, decodePayload(keySetCookie(kit)), {
                typ: 'better-auth.session-cache+jwt',
              }),
        ),
      'an expired cookie': (kit, mode) => cookie(cookieFor(kit, mode, { exp: nowSeconds() - 60 })),
      'a cookie without exp': (kit, mode) => cookie(cookieFor(kit, mode, { exp: undefined })),
      'a cookie with a lifetime above the maximum': (kit, mode) =>
        cookie(cookieFor(kit, mode, { exp: nowSeconds() + 3650 * 86_400 })),
      'a session of another user': (kit, mode) => cookie(cookieFor(kit, mode, {}, { userId: 'bob' })),
      'a session without a user': (kit, mode) => cookie(cookieFor(kit, mode, {}, { userId: undefined })),
      'a user without an id': (kit, mode) => cookie(cookieFor(kit, mode, {}, {}, { id: undefined })),
      'a session and a user without ids': (kit, mode) =>
        cookie(cookieFor(kit, mode, { sub: undefined }, { userId: undefined }, { id: undefined })),
      'a session and a user with objects as ids': (kit, mode) =>
        cookie(cookieFor(kit, mode, {}, { userId: {} }, { id: {} })),
      'an expired session': (kit, mode) =>
        cookie(cookieFor(kit, mode, {}, { expiresAt: new Date(Date.now() - 60_000).toISOString() })),
      'a session without an end': (kit, mode) => cookie(cookieFor(kit, mode, {}, { expiresAt: undefined })),
      'a session whose end is null': (kit, mode) => cookie(cookieFor(kit, mode, {}, { expiresAt: null })),
      'a session whose end is not a valid instant': (kit, mode) =>
        cookie(cookieFor(kit, mode, {}, { expiresAt: '2999-13-41T00:00:00.000Z' })),
      'a session whose end is a word': (kit, mode) =>
        cookie(cookieFor(kit, mode, {}, { expiresAt: 'never' })),
      'a cookie without a session object': (kit, mode) => cookie(cookieFor(kit, mode, { session: null })),
      'a session that is an array': (kit, mode) => cookie(cookieFor(kit, mode, { session: [] })),
      'the cookie twice': (kit, mode) =>
        cookies(`${COOKIE}=${cookieFor(kit, mode)}`, `${COOKIE}=${cookieFor(kit, mode)}`),
      'the cookie in two Cookie headers': (kit, mode) => ({
        headers: [
          ['Cookie', `${COOKIE}=${cookieFor(kit, mode)}`],
          ['Cookie', `${COOKIE}=${cookieFor(kit, mode)}`],
        ],
      }),
      'a repeated part of a split cookie': (kit, mode) => {
        const [first, second] = halves(cookieFor(kit, mode));
        return cookies(`${COOKIE}.0=${first}`, `${COOKIE}.1=${second}`, `${COOKIE}.1=${second}`);
      },
      'a split cookie without its last part': (kit, mode) =>
        cookies(`${COOKIE}.0=${halves(cookieFor(kit, mode))[0]}`),
      'a cookie with an invalid percent escape': (kit, mode) => cookie(`${cookieFor(kit, mode)}%zz`),
      'a valid cookie together with an invalid bearer token': (kit, mode) => ({
        headers: [
          ['Authorization', 'Bearer broken'],
          ['Cookie', `${COOKIE}=${cookieFor(kit, mode)}`],
        ],
      }),
    }),
    ...requests(COOKIE_MODES, 'missing', {
      'a valid cookie together with another scheme': (kit, mode) => ({
        headers: [
          ['Authorization', 'Basic YWxpY2U6YWxpY2U='],
          ['Cookie', `${COOKIE}=${cookieFor(kit, mode)}`],
        ],
      }),
      'a valid cookie with another name': (kit, mode) =>
        cookies(`other.session_data=${cookieFor(kit, mode)}`),
      'a valid cookie in place of the session token': (kit, mode) =>
        cookies(`better-auth.session_token=${cookieFor(kit, mode)}`),
      'a split cookie without its first part': (kit, mode) => cookies(`${COOKIE}.1=${cookieFor(kit, mode)}`),
      'no cookie': () => ({ headers: [] }),
    }),
    ...requests(['secret-cookie'], 'invalid', {
      'a cookie that the key set signs if only the secret is configured': (kit) => cookie(keySetCookie(kit)),
      'the session cookie as a bearer token': (kit) => asBearer(secretCookie(kit)),
      'a cookie that names an issuer': (kit) => cookie(secretCookie(kit, { iss: kit.origin })),
      'a cookie that names an audience': (kit) => cookie(secretCookie(kit, { aud: kit.origin })),
      'a cookie that names a subject': (kit) => cookie(secretCookie(kit, { sub: kit.userId })),
    }),
    ...requests(['key-set-cookie'], 'invalid', {
      'a cookie that the secret signs if only the key set is configured': (kit) => cookie(secretCookie(kit)),
      'the session cookie as a bearer token': (kit) => asBearer(keySetCookie(kit)),
      'a cookie without a typ': (kit) => cookie(keySetCookie(kit, {}, {}, {}, { typ: undefined })),
      'a cookie of typ JWT': (kit) => cookie(keySetCookie(kit, {}, {}, {}, { typ: 'JWT' })),
      'a cookie for another audience': (kit) => cookie(keySetCookie(kit, { aud: kit.origin })),
      'a cookie without an audience': (kit) => cookie(keySetCookie(kit, { aud: undefined })),
      'a cookie of another issuer': (kit) => cookie(keySetCookie(kit, { iss: 'https://evil.example' })),
      'a cookie without an issuer': (kit) => cookie(keySetCookie(kit, { iss: undefined })),
      'a cookie for another subject': (kit) => cookie(keySetCookie(kit, { sub: 'bob' })),
      'a cookie without a subject': (kit) => cookie(keySetCookie(kit, { sub: undefined })),
      'a cookie of another session': (kit) => cookie(keySetCookie(kit, { sid: 'other' })),
      'a cookie without a session id': (kit) =>
        cookie(keySetCookie(kit, { sid: undefined }, { token: undefined })),
    }),
  ];
}

const typeFor = (mode: Mode) => (mode === 'key-set-cookie' ? { typ: 'better-auth.session-cache+jwt' } : {});

function decodePayload(token: string): Claims {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
}

/** The same bytes in another Base64 text, if the last character has unused bits. */
function strayBits(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return part.slice(0, -1) + alphabet[alphabet.indexOf(part.at(-1)!) ^ 1];
}

/** RFC 7797: the payload is signed and sent without encoding. */
function unencodedPayload(kit: Kit, mode: Mode): string {
  const signer: Signer = mode === 'secret' ? hmac(kit.secret) : kit.keys.ed25519.sign;
  const alg = mode === 'secret' ? 'HS256' : 'EdDSA';
  const header = encode({ alg, kid: kit.keys.ed25519.kid, crit: ['b64'], b64: false });
  const payload = encode(claimsOf(kit, mode));
  const signature = signer(`${header}.${Buffer.from(payload, 'base64url')}`);
  return `${header}.${payload}.${signature.toString('base64url')}`;
}

/** An ECDSA signature of two 32-byte numbers in ASN.1 form. */
function toDer(signature: Buffer): Buffer {
  const integer = (bytes: Buffer) => {
    const trimmed = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
    const unsigned = trimmed[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed;
    return Buffer.concat([Buffer.from([0x02, unsigned.length]), unsigned]);
  };
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

/** An Ed25519 signature with the group order added to S, which a lax verifier accepts (RFC 8032, section 5.1.7). */
function addGroupOrder(signature: Buffer): Buffer {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
  const bytes = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
  return Buffer.concat([signature.subarray(0, 32), bytes]);
}

export const ATTACKS: readonly Attack[] = [
  ...algorithms(),
  ...headerParameters(),
  ...times(),
  ...issuersAndAudiences(),
  ...subjects(),
  ...payloads(),
  ...otherTokens(),
  ...forms(),
  ...headers(),
  ...sessionCookies(),
];

/** Valid requests, which must authenticate as the user `kit.userId`. */
export const CONTROLS: readonly Control[] = [
  ...BEARER_MODES.flatMap((mode): Control[] => [
    { name: 'a valid token', mode, credential: (kit) => asBearer(validToken(kit, mode)) },
    {
      name: 'a lower-case scheme',
      mode,
      credential: (kit) => authorization(`bearer ${validToken(kit, mode)}`),
    },
    {
      name: 'an upper-case scheme',
      mode,
      credential: (kit) => authorization(`BEARER ${validToken(kit, mode)}`),
    },
    {
      name: 'typ JWT',
      mode,
      credential: (kit) => asBearer(signFor(kit, mode, claimsOf(kit, mode), { typ: 'JWT' })),
    },
    {
      name: 'no iat',
      mode,
      credential: (kit) => asBearer(signFor(kit, mode, claimsOf(kit, mode, { iat: undefined }))),
    },
    {
      name: 'a clock that is 3 seconds ahead',
      mode,
      credential: (kit) => asBearer(signFor(kit, mode, claimsOf(kit, mode, { iat: nowSeconds() + 3 }))),
    },
    {
      name: 'an invalid session cookie together with a valid token',
      mode,
      credential: (kit) => ({
        headers: [
          ['Cookie', `${COOKIE}=broken`],
          ['Authorization', `Bearer ${validToken(kit, mode)}`],
        ],
      }),
    },
  ]),
  ...ADDRESSED_MODES.map(
    (mode): Control => ({
      name: 'aud as an array',
      mode,
      credential: (kit) =>
        asBearer(signFor(kit, mode, claimsOf(kit, mode, { aud: ['https://other.example', kit.origin] }))),
    }),
  ),
  ...(['p256', 'rsa', 'otherEd25519'] as const).map(
    (key): Control => ({
      name: `the ${key} key`,
      mode: 'key-set',
      credential: (kit) => asBearer(signWith(kit.keys[key], claimsOf(kit, 'key-set'))),
    }),
  ),
  {
    name: 'HS256 together with a key set',
    mode: 'both',
    credential: (kit) => asBearer(signFor(kit, 'secret', claimsOf(kit, 'secret'))),
  },
  ...COOKIE_MODES.flatMap((mode): Control[] => [
    { name: 'a valid cookie', mode, credential: (kit) => cookies(`${COOKIE}=${cookieFor(kit, mode)}`) },
    {
      name: 'a valid cookie with the name that it has on https',
      mode,
      credential: (kit) => cookies(`__Secure-${COOKIE}=${cookieFor(kit, mode)}`, `${COOKIE}=broken`),
    },
    {
      name: 'a valid cookie among others',
      mode,
      credential: (kit) => cookies('a=1', `${COOKIE}=${cookieFor(kit, mode)}`, 'b', 'a=2'),
    },
    {
      name: 'a cookie in three parts, in any order',
      mode,
      credential: (kit) => {
        const value = cookieFor(kit, mode);
        const parts = [value.slice(0, 100), value.slice(100, 300), value.slice(300)];
        return cookies(...[2, 0, 1].map((index) => `${COOKIE}.${index}=${parts[index]}`));
      },
    },
    { name: 'a bearer token', mode, credential: (kit) => asBearer(validToken(kit, mode)) },
  ]),
];
