import { once } from 'node:events';
import {
  createKeySet,
  type KeyLookup,
  type KeySet,
  type VerificationKey,
} from '../../../src/platform/auth/key-set';
import { type KeySetServer, startKeySetServer } from './key-set-server';
import { createSigningKey } from './signer';
import { memoryLog } from './support';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

const first = createSigningKey('first', 'EdDSA');
const second = createSigningKey('second', 'EdDSA');

let server: KeySetServer;
let log: ReturnType<typeof memoryLog>;
let clock: number;
const open: KeySet[] = [];

beforeEach(async () => {
  server = await startKeySetServer([first.jwk]);
  log = memoryLog();
  clock = 0;
});

afterEach(async () => {
  for (const keySet of open.splice(0)) keySet.close();
  await server.close();
});

function createSet(url = `${server.url}/api/auth/jwks`, timeoutMs = 5_000): KeySet {
  const keySet = createKeySet({ url, log, now: () => clock, timeoutMs });
  open.push(keySet);
  return keySet;
}

function verdict(lookup: KeyLookup): string {
  if ('unavailable' in lookup) return 'unavailable';
  return lookup.found === null ? 'unknown' : lookup.found.algorithm;
}

const lookUp = async (keySet: KeySet, kid: string | undefined) => verdict(await keySet.find(kid));

async function findKey(keySet: KeySet, kid: string): Promise<VerificationKey> {
  const lookup = await keySet.find(kid);
  if ('unavailable' in lookup || lookup.found === null) throw new Error(`${kid} is not found`);
  return lookup.found;
}

/** Looks a key up until it has the wanted verdict, because a background fetch takes a moment. */
async function eventually(keySet: KeySet, kid: string, wanted: string) {
  const deadline = performance.now() + 5_000;
  while ((await lookUp(keySet, kid)) !== wanted) {
    if (performance.now() > deadline) throw new Error(`${kid} is not ${wanted} in time`);
    await new Promise(setImmediate);
  }
}

describe('a fetch', () => {
  test('happens at the first look-up, once for all waiting requests', async () => {
    const keySet = createSet();
    const found = await Promise.all(Array.from({ length: 50 }, () => lookUp(keySet, 'first')));
    expect(new Set(found)).toEqual(new Set(['EdDSA']));
    expect(server.requests()).toBe(1);
  });

  test('can be done in advance', async () => {
    const keySet = createSet();
    await keySet.warmUp();
    expect(keySet.size()).toBe(1);
    expect(await lookUp(keySet, 'first')).toBe('EdDSA');
    expect(server.requests()).toBe(1);
  });

  test('is not repeated while it is in progress, even if it is slow', async () => {
    const answers: (() => void)[] = [];
    server.serve((_, response) => answers.push(() => response.end(JSON.stringify({ keys: [first.jwk] }))));
    const keySet = createSet();
    const waiting = [lookUp(keySet, 'first')];
    while (answers.length === 0) await new Promise(setImmediate);
    clock += 5 * SECOND;
    waiting.push(lookUp(keySet, 'first'));
    answers[0]!();
    expect(await Promise.all(waiting)).toEqual(['EdDSA', 'EdDSA']);
    expect(server.requests()).toBe(1);
  });

  test('is not repeated while the keys are fresh', async () => {
    const keySet = createSet();
    await keySet.find('first');
    clock += 5 * MINUTE - 1;
    await keySet.find('first');
    expect(server.requests()).toBe(1);
  });

  test('a set with one key verifies tokens without a kid, and a set with two does not', async () => {
    const keySet = createSet();
    expect(await lookUp(keySet, undefined)).toBe('EdDSA');
    server.serve([first.jwk, second.jwk]);
    expect(await lookUp(keySet, 'second')).toBe('unknown');
    clock += 5 * SECOND;
    expect(await lookUp(keySet, 'second')).toBe('EdDSA');
    expect(await lookUp(keySet, undefined)).toBe('unknown');
  });
});

describe('rotation', () => {
  test('a new key is found after at most one cooldown', async () => {
    const keySet = createSet();
    await keySet.find('first');
    server.serve([first.jwk, second.jwk]);
    expect(await lookUp(keySet, 'second')).toBe('unknown');
    clock += 5 * SECOND;
    expect(await lookUp(keySet, 'second')).toBe('EdDSA');
    expect(await lookUp(keySet, 'first')).toBe('EdDSA');
  });

  test('a removed key is rejected after the next fetch', async () => {
    const keySet = createSet();
    await keySet.find('first');
    server.serve([second.jwk]);
    clock += 5 * MINUTE;
    expect(await lookUp(keySet, 'first')).toBe('unknown');
  });

  test('a key is valid as long as the set has the same key', async () => {
    const keySet = createSet();
    const found = await findKey(keySet, 'first');
    expect(keySet.isValid(found)).toBe(true);
    clock += 5 * MINUTE;
    await keySet.find('first');
    expect(server.requests()).toBe(2);
    expect(keySet.isValid(found)).toBe(true);
    server.serve([{ ...second.jwk, kid: 'first' }]);
    clock += 5 * MINUTE;
    await keySet.find('first');
    expect(keySet.isValid(found)).toBe(false);
  });
});

describe('a flood of unknown kids', () => {
  test('costs one fetch per cooldown and no memory', async () => {
    const keySet = createSet();
    await keySet.find('first');
    for (let round = 1; round <= 3; round++) {
      clock += 5 * SECOND;
      const verdicts = await Promise.all(
        Array.from({ length: 1_000 }, (_, n) => lookUp(keySet, `${round}-${n}`)),
      );
      expect(new Set(verdicts)).toEqual(new Set(['unknown']));
      expect(server.requests()).toBe(1 + round);
    }
    expect(keySet.size()).toBe(1);
  });

  test('costs one attempt per cooldown while the key set is unreachable', async () => {
    server.serve((_, response) => response.writeHead(503).end());
    const keySet = createSet();
    for (let round = 1; round <= 3; round++) {
      for (let n = 0; n < 100; n++) expect(await lookUp(keySet, `${round}-${n}`)).toBe('unavailable');
      expect(server.requests()).toBe(round);
      clock += 5 * SECOND;
    }
  });
});

describe('an outage', () => {
  const refuse = () => server.serve((request) => request.socket.destroy());

  test('known keys stay valid for an hour, then no key is available', async () => {
    const keySet = createSet();
    await keySet.find('first');
    refuse();
    for (let minutes = 5; minutes < 60; minutes += 5) {
      clock += 5 * MINUTE;
      expect(await lookUp(keySet, 'first')).toBe('EdDSA');
    }
    expect(await lookUp(keySet, 'second')).toBe('unknown');
    clock += 5 * MINUTE;
    expect(await lookUp(keySet, 'first')).toBe('unavailable');
    expect(keySet.size()).toBe(0);
    server.serve([first.jwk]);
    clock += 5 * SECOND;
    expect(await lookUp(keySet, 'first')).toBe('EdDSA');
  });

  test('a key that was looked up is valid for the same hour', async () => {
    const keySet = createSet();
    const found = await findKey(keySet, 'first');
    clock += 60 * MINUTE - 1;
    expect(keySet.isValid(found)).toBe(true);
    clock += 1;
    expect(keySet.isValid(found)).toBe(false);
  });

  test('gives the time until the next attempt', async () => {
    refuse();
    const keySet = createSet();
    expect(await keySet.find('first')).toEqual({ unavailable: true, retryAfterSeconds: 5 });
    clock += 3.5 * SECOND;
    expect(await keySet.find('first')).toEqual({ unavailable: true, retryAfterSeconds: 2 });
  });

  test('ends with the next successful attempt; its beginning and its end are logged once', async () => {
    refuse();
    const keySet = createSet();
    await keySet.find('first');
    clock += 5 * SECOND;
    await keySet.find('first');
    server.serve([first.jwk]);
    clock += 5 * SECOND;
    expect(await lookUp(keySet, 'first')).toBe('EdDSA');
    expect(log.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'warn key set: unreachable',
      'info key set: reachable again',
    ]);
  });

  test('requests with a known key do not wait after a failed attempt', async () => {
    const keySet = createSet();
    await keySet.find('first');
    refuse();
    clock += 5 * MINUTE;
    await keySet.find('first');
    server.serve(() => {});
    clock += 5 * SECOND;
    expect(await lookUp(keySet, 'first')).toBe('EdDSA');
    expect(await lookUp(keySet, 'first')).toBe('EdDSA');
  });

  test('a set that returns with other keys replaces the old keys', async () => {
    const keySet = createSet();
    await keySet.find('first');
    refuse();
    clock += 5 * MINUTE;
    await keySet.find('first');
    server.serve([second.jwk]);
    clock += 5 * SECOND;
    await eventually(keySet, 'first', 'unknown');
    expect(await lookUp(keySet, 'second')).toBe('EdDSA');
  });
});

describe('an answer that is not a key set', () => {
  const answers: Record<string, Parameters<KeySetServer['serve']>[0]> = {
    'no answer': () => {},
    'an answer that stops halfway': (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"keys":[');
    },
    'a redirect': (_, response) => response.writeHead(302, { location: `${server.url}/elsewhere` }).end(),
    'a redirect to the same place': (request, response) =>
      response.writeHead(307, { location: request.url }).end(),
    'status 404': (_, response) => response.writeHead(404).end(JSON.stringify({ keys: [second.jwk] })),
    'status 500': (_, response) => response.writeHead(500).end(),
    'status 204': (_, response) => response.writeHead(204).end(),
    HTML: (_, response) => response.end('<!doctype html><title>Sign in</title>'),
    'no bytes': (_, response) => response.end(),
    'JSON of another shape': (_, response) => response.end('{"keys":{"second":{}}}'),
    'JSON null': (_, response) => response.end('null'),
    'a JSON array': (_, response) => response.end('[]'),
    'an endless answer': (_, response) => {
      const chunk = ' '.repeat(64 * 1024);
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', write);
      write();
    },
    'an answer of more than 256 KiB': (_, response) =>
      response.end(JSON.stringify({ keys: [second.jwk], padding: 'x'.repeat(256 * 1024) })),
  };

  test.each(Object.entries(answers))(
    '%s: no key becomes available, and known keys stay',
    async (_, answer) => {
      const keySet = createSet(undefined, 1_000);
      server.serve(answer);
      expect(await lookUp(keySet, 'second')).toBe('unavailable');
      server.serve([first.jwk]);
      clock += 5 * SECOND;
      expect(await lookUp(keySet, 'first')).toBe('EdDSA');

      server.serve(answer);
      clock += 5 * MINUTE;
      expect(await lookUp(keySet, 'first')).toBe('EdDSA');
      expect(await lookUp(keySet, 'second')).toBe('unknown');
    },
  );

  test('a redirect is not followed', async () => {
    server.serve((request, response) => {
      if (request.url === '/api/auth/jwks') response.writeHead(302, { location: '/elsewhere' }).end();
      else response.end(JSON.stringify({ keys: [second.jwk] }));
    });
    expect(await lookUp(createSet(), 'second')).toBe('unavailable');
    expect(server.requests()).toBe(1);
  });

  test('a server that does not exist', async () => {
    const gone = await startKeySetServer();
    await gone.close();
    expect(await lookUp(createSet(`${gone.url}/api/auth/jwks`), 'first')).toBe('unavailable');
    expect(log.lines).toEqual([
      {
        level: 'warn',
        fields: { url: `${gone.url}/api/auth/jwks`, reason: 'ECONNREFUSED' },
        message: 'key set: unreachable',
      },
    ]);
  });

  test('an empty set revokes all keys', async () => {
    const keySet = createSet();
    await keySet.find('first');
    server.serve([]);
    clock += 5 * MINUTE;
    expect(await lookUp(keySet, 'first')).toBe('unavailable');
  });
});

describe('keys that are not for verifying tokens', () => {
  const rsa = createSigningKey('rsa', 'RS256');
  const p256 = createSigningKey('p256', 'ES256');
  const ignored: Record<string, object | string | null> = {
    'a private Ed25519 key': second.privateJwk,
    'a private RSA key': rsa.privateJwk,
    'a symmetric key': {
      kty: 'oct',
      k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I',
      kid: 'oct',
      alg: 'HS256',
    },
    'a key for HS256': { ...second.jwk, alg: 'HS256' },
    'a key for no algorithm': { ...second.jwk, alg: 'none' },
    'a key whose alg is of another kind': { ...second.jwk, alg: 'ES256' },
    'a key whose curve is of another algorithm': { ...p256.jwk, alg: 'ES512' },
    'an unknown curve': { ...p256.jwk, crv: 'P-384', alg: undefined },
    'a key for encryption': { ...second.jwk, use: 'enc' },
    'a key for signing only': { ...second.jwk, key_ops: ['sign'] },
    'a kid that is a number': { ...second.jwk, kid: 2 },
    'a kid that is an object': { ...second.jwk, kid: {} },
    'a point that is not on the curve': { ...p256.jwk, y: p256.jwk.x },
    'a short Ed25519 key': { ...second.jwk, x: 'AAAA' },
    'a key without a kind': { ...second.jwk, kty: undefined },
    'a weak RSA key': { kty: 'RSA', kid: 'weak', alg: 'RS256', e: 'AQAB', n: 'w'.repeat(171) },
    'an oversized RSA key': { kty: 'RSA', kid: 'huge', alg: 'RS256', e: 'AQAB', n: 'w'.repeat(2731) },
    'an RSA key without a modulus': { ...rsa.jwk, n: undefined },
    text: 'key',
    null: null,
    'an array': [],
  };

  test.each(Object.entries(ignored))(
    '%s is ignored, and a valid key of the same set is used',
    async (_, jwk) => {
      server.serve([jwk as object, first.jwk]);
      const keySet = createSet();
      expect(await lookUp(keySet, 'first')).toBe('EdDSA');
      expect(keySet.size()).toBe(1);
      expect(log.lines).toEqual([
        {
          level: 'warn',
          fields: { url: `${server.url}/api/auth/jwks`, usable: 1, ignored: 1 },
          message: 'key set: some keys cannot be used',
        },
      ]);
    },
  );

  test.each(Object.entries(ignored))('only %s: no key is available', async (_, jwk) => {
    server.serve([jwk as object]);
    expect(await lookUp(createSet(), undefined)).toBe('unavailable');
  });

  test('the first of two keys with the same kid is used', async () => {
    server.serve([first.jwk, { ...rsa.jwk, kid: 'first' }]);
    expect(await lookUp(createSet(), 'first')).toBe('EdDSA');
  });
});

describe('the algorithm follows from the key', () => {
  test.each(['EdDSA', 'ES256', 'ES512', 'RS256', 'PS256'])('%s', async (alg) => {
    server.serve([createSigningKey('key', alg).jwk]);
    expect(await lookUp(createSet(), 'key')).toBe(alg);
  });

  test.each([
    ['EdDSA', 'EdDSA'],
    ['ES256', 'ES256'],
    ['ES512', 'ES512'],
    ['PS256', 'RS256'],
  ])('a key made for %s without alg is used for %s', async (made, read) => {
    server.serve([{ ...createSigningKey('key', made).jwk, alg: undefined }]);
    expect(await lookUp(createSet(), 'key')).toBe(read);
  });
});

describe('closing', () => {
  test('aborts the current fetch and starts no other', async () => {
    const reached = new Promise<void>((resolve) => {
      server.serve((request) => {
        void once(request.socket, 'close').then(() => resolve());
      });
    });
    const keySet = createSet();
    const lookup = keySet.find('first');
    while (server.requests() === 0) await new Promise(setImmediate);
    keySet.close();
    expect(verdict(await lookup)).toBe('unavailable');
    await reached;
    clock += 5 * SECOND;
    expect(await lookUp(keySet, 'first')).toBe('unavailable');
    expect(server.requests()).toBe(1);
    expect(log.lines).toEqual([]);
  });
});
