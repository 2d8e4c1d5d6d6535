/** Makes users of NATS that prove themselves with a JWT and a seed (the format of NATS' `nsc`). */
import { randomUUID } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(issuer: KeyPair, subject: KeyPair, nats: object): string {
  const claims = {
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: 'test',
    nats: { ...nats, version: 2 },
  };
  const text = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode(claims)}`;
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`;
}

const unlimited = { subs: -1, data: -1, payload: -1 };
const ofAccount = {
  ...unlimited,
  ...{ imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
};
const ofStreams = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** The configuration of a server that trusts one operator, and the content of a user's credentials file. */
export function natsCredentials(): { config: string; credentials: string; seed: string } {
  const [operator, system, account, user] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createUser(),
  ] as const;
  const seed = Buffer.from(user.getSeed()).toString();
  const permissions = { pub: {}, sub: {} };
  const accountToken = (of: KeyPair, limits: object) =>
    token(operator, of, { type: 'account', limits, default_permissions: permissions });
  return {
    config: `operator: ${token(operator, operator, { type: 'operator' })}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: {
  ${system.getPublicKey()}: ${accountToken(system, ofAccount)}
  ${account.getPublicKey()}: ${accountToken(account, { ...ofAccount, ...ofStreams })}
}`,
    credentials: `-----BEGIN NATS USER JWT-----
${token(account, user, { type: 'user', ...unlimited, ...permissions })}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`,
    seed,
  };
}
