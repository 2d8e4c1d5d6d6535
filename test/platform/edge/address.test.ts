import { createProxyCheck, networkOf } from '../../../src/platform/edge/address';

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2::1', '2001:db8:1:0::/56'],
  ['2001:db8:1:2fff:1:2:3:4', '2001:db8:1:2f00::/56'],
  ['2001:0DB8::1', '2001:db8:0:0::/56'],
  ['::1', '0:0:0:0::/56'],
  ['64:ff9b::203.0.113.7', '64:ff9b:0:0::/56'],
  ['fe80::1%eth0', 'fe80:0:0:0::/56'],
  ['', ''],
  ['nonsense', 'nonsense'],
])('%p counts as %p', (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});

const named = (headers: Record<string, string>) => ({ headers }) as never;

describe('an address that a request names', () => {
  test.each(['x-forwarded-for', 'forwarded'])(
    'in %s is ignored without TRUST_PROXY, and one warning is logged',
    (header) => {
      const warn = jest.fn();
      const check = createProxyCheck(0, { warn });
      check(named({}));
      expect(warn).not.toHaveBeenCalled();
      for (let n = 0; n < 3; n++) check(named({ [header]: '203.0.113.7' }));
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn).toHaveBeenCalledWith({ header }, expect.stringContaining('TRUST_PROXY'));
    },
  );

  test.each([1, ['10.0.0.0/8']])('is not logged with TRUST_PROXY=%p', (trustProxy) => {
    const warn = jest.fn();
    createProxyCheck(trustProxy, { warn })(named({ 'x-forwarded-for': '203.0.113.7' }));
    expect(warn).not.toHaveBeenCalled();
  });
});
