/** A replacement for a Better Auth server: it signs tokens with the shared secret or its own key, and serves its key set. */
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, SignJWT } from 'jose';
import { secret } from './workload';

export type Algorithm = 'HS256' | 'EdDSA';

/** Signs a user's token for an hour; no two are the same. */
export type Sign = (algorithm: Algorithm, userId: string) => Promise<string>;

const kid = 'benchmark';

/** What the issuer answers: its key set, an error, or nothing at all. */
export type IssuerState = 'up' | 'failing' | 'hanging';

export interface Issuer {
  readonly url: string;
  readonly sign: Sign;
  /** Sets what is answered from now on. */
  become(state: IssuerState): void;
  close(): Promise<void>;
}

/** Serves the key set of a new key, at any path. */
export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid }] });
  let state: IssuerState = 'up';
  const server = createServer((_request, response) => {
    if (state === 'hanging') return;
    response.writeHead(state === 'up' ? 200 : 500).end(keySet);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const keys = { HS256: createSecretKey(secret, 'utf8'), EdDSA: privateKey };
  let signed = 0;
  const sign: Sign = (algorithm, userId) =>
    new SignJWT({ jti: String(signed++).padStart(8, '0') })
      .setProtectedHeader(algorithm === 'HS256' ? { alg: algorithm } : { alg: algorithm, kid })
      .setSubject(userId)
      .setIssuer(url)
      .setAudience(url)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(keys[algorithm]);
  return {
    url,
    sign,
    become(next) {
      state = next;
    },
    async close() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
