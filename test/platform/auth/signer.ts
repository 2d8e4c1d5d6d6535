import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto';

/** Signs the text before a token's second dot. */
export type Signer = (input: string) => Buffer;

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly sign: Signer;
  readonly publicKey: KeyObject;
  /** The public key in the form of a key set. */
  readonly jwk: JsonWebKey & { kid: string; alg: string };
  readonly privateJwk: JsonWebKey & { kid: string; alg: string };
}

export function hmac(key: string | Buffer, digest = 'sha256'): Signer {
  return (input) => createHmac(digest, key).update(input).digest();
}

const SIGNERS: Record<
  string,
  { generate: () => KeyObject; sign: (key: KeyObject, input: Buffer) => Buffer }
> = {
  EdDSA: {
    generate: () => generateKeyPairSync('ed25519').privateKey,
    sign: (key, input) => sign(null, input, key),
  },
  ES256: {
    generate: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    sign: (key, input) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
  },
  ES512: {
    generate: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
    sign: (key, input) => sign('sha512', input, { key, dsaEncoding: 'ieee-p1363' }),
  },
  RS256: {
    generate: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
    sign: (key, input) => sign('sha256', input, key),
  },
  PS256: {
    generate: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
    sign: (key, input) =>
      sign('sha256', input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  },
};

/** A new key pair for one algorithm; `signAs` signs with the method of another algorithm. */
export function createSigningKey(kid: string, alg: string, signAs = alg): SigningKey {
  const privateKey = SIGNERS[alg]!.generate();
  const publicKey = createPublicKey(privateKey);
  return {
    kid,
    alg,
    publicKey,
    sign: (input) => SIGNERS[signAs]!.sign(privateKey, Buffer.from(input)),
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg },
    privateJwk: { ...privateKey.export({ format: 'jwk' }), kid, alg },
  };
}

export function encode(part: string | object | Buffer): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part);
  return Buffer.from(bytes).toString('base64url');
}

/** A token with any header and payload: strings and bytes are used as they are, objects become JSON. */
export function forge(header: string | object, payload: string | object | Buffer, signer: Signer): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signer(input).toString('base64url')}`;
}

export function signWith(key: SigningKey, payload: string | object | Buffer, header: object = {}): string {
  return forge({ alg: key.alg, kid: key.kid, ...header }, payload, key.sign);
}
