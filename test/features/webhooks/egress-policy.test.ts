/** Tests the egress policy, with addresses in any spelling. */
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import {
  createEgressPolicy,
  createResolve,
  type EgressPolicy,
  isPublicAddress,
} from '../../../src/features/webhooks/egress-policy';
import { openNameServer } from '../../support/name-server';

describe('an address', () => {
  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001:80b::200e',
    '2400::1',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each([
    // This host and its own network.
    '0.0.0.0',
    '0.1.2.3',
    '127.0.0.1',
    '127.255.255.254',
    '::',
    '::1',
    // Private networks, and carrier-grade NAT.
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '100.64.0.0',
    '100.127.255.255',
    'fc00::1',
    'fdff:ffff::1',
    'fec0::1',
    // Link-local, with the metadata services of clouds.
    '169.254.0.1',
    '169.254.169.254',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fd00:ec2::254',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
    // Multicast, broadcast, reserved, documentation, benchmarks.
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.1',
    '198.18.0.1',
    '198.19.255.255',
    'ff02::1',
    '2001:db8::1',
    '3fff::1',
    '100::1',
    '5f00::1',
    // IPv4 inside of IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo.
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::10.0.0.1',
    '2002:7f00:1::1',
    '2002:808:808::1',
    '2001:0:808:808::1',
    // Not addresses at all.
    '',
    'localhost',
    '127.1',
    '0x7f000001',
    '2130706433',
    '8.8.8.8.',
    ' 8.8.8.8',
    '[2400::1]',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('a URL', () => {
  const policy = createEgressPolicy([]);

  test.each([
    'https://hooks.example.com',
    'https://hooks.example.com/',
    'https://hooks.example.com:443/a?b=c',
    'HTTPS://HOOKS.EXAMPLE.COM./a',
    'https://8.8.8.8/',
    'https://[2606:4700:4700::1111]/',
    'https://xn--bcher-kva.example/',
    'https://bücher.example/',
    'https://localhost.example.com/',
  ])('%s is accepted', (url) => {
    expect(policy.refusalOf(url)).toBeNull();
    expect(policy.open(url).lookup).toEqual(expect.any(Function));
  });

  test.each([
    ['http://hooks.example.com/', 'must begin with https://'],
    ['https://hooks.example.com:8443/', 'must have the port 443'],
    ['https://hooks.example.com:80/', 'must have the port 443'],
    ['https://user@hooks.example.com/', 'must not have a user name or a password'],
    ['https://:pass@hooks.example.com/', 'must not have a user name or a password'],
    ['https://hooks.example.com/#fragment', 'must not have a fragment'],
    ['https://', 'must be a URL'],
    ['ftp://hooks.example.com/', 'must be a URL'],
    ['file:///etc/passwd', 'must be a URL'],
    ['javascript:alert(1)', 'must be a URL'],
    ['hooks.example.com', 'must be a URL'],
    ...[
      'localhost',
      'LOCALHOST.',
      'app.localhost',
      'printer.local',
      'metadata.google.internal',
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '0177.0.0.1',
      '2130706433',
      '0x7f000001',
      '017700000001',
      '127.0.0.1.',
      '1２7.0.0.1',
      '127。0。0。1',
      '%31%32%37.0.0.1',
      '0',
      '10.1',
      '192.168.257',
      '169.254.169.254',
      '0xa9fea9fe',
      '[::1]',
      '[::]',
      '[0:0:0:0:0:ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[64:ff9b::a00:1]',
      '[fd00:ec2::254]',
      '[fe80::1]',
    ].map((host) => [`https://${host}/`, 'must not be in a private network']),
  ])('%s %s', (url, error) => {
    expect(policy.refusalOf(url as string)).toBe(error);
    expect(() => policy.open(url as string)).toThrow('refused-address');
  });
});

describe('an allowed host', () => {
  const policy = createEgressPolicy(['localhost:3000', '127.0.0.1:443', '[::1]', 'hooks.test']);

  test.each([
    'http://localhost:3000/hook',
    'https://localhost:3000/hook',
    'http://LOCALHOST:3000/',
    'https://127.0.0.1/',
    'https://127.1:443/',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]:9999/',
    'http://hooks.test/',
    'https://hooks.test:8443/',
  ])("accepts %s, and uses the system's lookup", (url) => {
    expect(policy.refusalOf(url)).toBeNull();
    expect(policy.open(url).lookup).toBeUndefined();
  });

  test.each([
    'http://localhost/',
    'https://localhost:3001/',
    'http://127.0.0.1/',
    'http://127.0.0.1:3000/',
    'http://app.hooks.test/',
    'http://hooks.test.example.com/',
    'http://user@hooks.test/',
  ])('does not allow %s', (url) => {
    expect(policy.refusalOf(url)).not.toBeNull();
  });
});

describe('a name', () => {
  /** Looks up a name in the way that a socket does. */
  function lookUp(policy: EgressPolicy, all: boolean): Promise<unknown> {
    const lookup = policy.open('https://hooks.example.com/').lookup as LookupFunction;
    return new Promise((resolve, reject) => {
      lookup('hooks.example.com', { all }, (error, address: string | LookupAddress[], family) => {
        if (error) reject(error);
        else resolve(all ? address : { address, family });
      });
    });
  }

  const leadingTo = (...addresses: string[]) => createEgressPolicy([], async () => addresses);

  test('is resolved only to its public addresses', async () => {
    const policy = leadingTo('10.0.0.1', '8.8.8.8', '::1', '2606:4700:4700::1111');
    expect(await lookUp(policy, true)).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700:4700::1111', family: 6 },
    ]);
    expect(await lookUp(policy, false)).toEqual({ address: '8.8.8.8', family: 4 });
  });

  test('is resolved to at most three addresses of each family', async () => {
    const v4 = Array.from({ length: 100 }, (_, n) => `8.8.8.${n}`);
    const v6 = Array.from({ length: 100 }, (_, n) => `2606:4700:4700::${n + 1}`);
    expect(await lookUp(leadingTo(...v4, ...v6), true)).toEqual([
      ...v4.slice(0, 3).map((address) => ({ address, family: 4 })),
      ...v6.slice(0, 3).map((address) => ({ address, family: 6 })),
    ]);
  });

  test.each([true, false])('is rejected if it has no public address (all: %s)', async (all) => {
    await expect(lookUp(leadingTo('10.0.0.1', '::ffff:8.8.8.8'), all)).rejects.toThrow('refused-address');
    await expect(lookUp(leadingTo(), all)).rejects.toThrow('unresolvable');
  });

  test('is resolved for each connection, and only the latest addresses count', async () => {
    const answers = [['8.8.8.8'], ['127.0.0.1']];
    const policy = createEgressPolicy([], async () => answers.shift() ?? []);
    expect(await lookUp(policy, true)).toEqual([{ address: '8.8.8.8', family: 4 }]);
    await expect(lookUp(policy, true)).rejects.toThrow('refused-address');
  });

  test('is resolved by the name servers each time, without search domains', async () => {
    const asked: string[] = [];
    const answers: Record<string, string[]> = {
      'A rebinding.example.com': ['8.8.8.8', '127.0.0.1'],
      'AAAA mapped.example.com': ['0:0:0:0:0:ffff:808:808'],
      'A open.example.com': ['8.8.4.4', '10.0.0.1'],
      'AAAA open.example.com': ['2606:4700:4700:0:0:0:0:1111'],
    };
    const server = await openNameServer((name, type) => {
      asked.push(name);
      const found = answers[`${type} ${name}`] ?? [];
      // One at a time, like a name whose address changes after the first look-up.
      return name.startsWith('rebinding') ? found.splice(0, 1) : found;
    });
    const policy = createEgressPolicy([], createResolve([server.address]));
    const lookup = policy.open('https://hooks.example.com/').lookup as LookupFunction;
    const find = (name: string) =>
      new Promise((resolve) => lookup(name, { all: true }, (error, found) => resolve(error ?? found)));
    expect(await find('open.example.com')).toEqual([
      { address: '8.8.4.4', family: 4 },
      { address: '2606:4700:4700::1111', family: 6 },
    ]);
    expect(await find('mapped.example.com')).toMatchObject({ code: 'refused-address' });
    expect(await find('rebinding.example.com')).toEqual([{ address: '8.8.8.8', family: 4 }]);
    expect(await find('rebinding.example.com')).toMatchObject({ code: 'refused-address' });
    expect(await find('absent.example.com')).toMatchObject({ code: 'unresolvable' });
    expect(await find('localhost')).toMatchObject({ code: 'unresolvable' });
    expect(new Set(asked.filter((name) => !name.endsWith('.example.com')))).toEqual(new Set(['localhost']));
    await server.close();
  });
});
