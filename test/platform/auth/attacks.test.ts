import { type Authenticator, createAuthenticator } from '../../../src/platform/auth/authenticator';
import { ATTACKS, CONTROLS, createKit, environmentOf, type Kit, MODES, type Sent } from './corpus';
import { type KeySetServer, startKeySetServer } from './key-set-server';
import { configOf, memoryLog, requestWith } from './support';

let server: KeySetServer;
let kit: Kit;
const log = memoryLog();

beforeAll(async () => {
  const parts = createKit();
  server = await startKeySetServer(Object.values(parts.keys).map((key) => key.jwk));
  kit = { ...parts, origin: server.url };
});

afterAll(() => server.close());

describe.each(MODES)('a service in mode %s', (mode) => {
  let authenticator: Authenticator;

  beforeAll(() => {
    authenticator = createAuthenticator(configOf(environmentOf(mode, kit)), log);
  });

  afterAll(() => authenticator.close());

  async function send({ headers, query }: Sent) {
    const request = requestWith(headers);
    request.url = `/api/alice/tasks${query === undefined ? '' : `?${query}`}`;
    return authenticator.authenticate(request);
  }

  test.each(CONTROLS.filter((control) => control.mode === mode))('accepts $name', async ({ credential }) => {
    expect(await send(await credential(kit))).toMatchObject({
      outcome: 'authenticated',
      identity: { userId: kit.userId },
    });
  });

  test.each(ATTACKS.filter((attack) => attack.mode === mode))(
    'refuses $name',
    async ({ credential, outcome }) => {
      const sent = await credential(kit);
      const { verifiedTokens } = authenticator.sizes();

      const result = await send(sent);

      expect(result.outcome).toBe(outcome);
      expect(authenticator.sizes().verifiedTokens).toBe(verifiedTokens);
      const secretParts = sent.headers
        .flatMap(([, value]) => value.split(/[ .;,=]/))
        .filter((part) => part.length > 12);
      for (const part of secretParts) expect(JSON.stringify([result, log.lines])).not.toContain(part);
    },
  );
});

test('no attack is listed twice', () => {
  const names = ATTACKS.map(({ mode, name }) => `${mode}: ${name}`);
  expect(new Set(names).size).toBe(names.length);
});

test('a token with another algorithm than its key is rejected before its signature is checked', async () => {
  const attack = ATTACKS.find(({ name, mode }) => name === 'PS256 with an RS256 key' && mode === 'key-set');
  if (!attack) throw new Error('The corpus has no such attack.');
  const { headers } = await attack.credential(kit);
  const authenticator = createAuthenticator(configOf(environmentOf('key-set', kit)), log);
  try {
    const refused = { outcome: 'invalid', reason: 'algorithm' };
    expect(await authenticator.authenticate(requestWith(headers))).toEqual(refused);
  } finally {
    authenticator.close();
  }
});
