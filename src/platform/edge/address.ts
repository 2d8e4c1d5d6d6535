/** The network address of clients, for limits. */
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Logger } from 'pino';

const ipv4Mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** The eight groups of an IPv6 address (RFC 4291, section 2.2) as numbers. */
function groupsOf(address: string): number[] {
  // The URL parser turns an IPv4 part at the end into groups.
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = [], tail = []] = text.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}

/**
 * The part of an IP address by which limits identify a client: a whole IPv4 address, or the first 56 bits of an IPv6
 * address, because all addresses with these bits usually belong to one customer.
 */
export function networkOf(ip: string): string {
  const [, ipv4] = ipv4Mapped.exec(ip) ?? [];
  const [address = ''] = ip.split('%', 1);
  if (ipv4 !== undefined || !isIPv6(address)) return ipv4 ?? ip;
  const [a = 0, b = 0, c = 0, d = 0] = groupsOf(address);
  return `${[a, b, c, d & 0xff00].map((group) => group.toString(16)).join(':')}::/56`;
}

const advice =
  'A proxy sends the addresses of its clients, but they are ignored, so that all its clients count as one address. ' +
  'If you operate the proxy, set TRUST_PROXY.';

/**
 * Makes a check that warns once if requests have forwarding headers (`X-Forwarded-For`, RFC 7239) and no proxy is
 * trusted.
 */
export function createProxyCheck(
  trustProxy: number | readonly string[],
  log: Pick<Logger, 'warn'>,
): (request: IncomingMessage) => void {
  let needsNoWarning = trustProxy !== 0;
  return ({ headers }) => {
    if (needsNoWarning) return;
    const header = ['x-forwarded-for', 'forwarded'].find((name) => headers[name] !== undefined);
    if (header === undefined) return;
    needsNoWarning = true;
    log.warn({ header }, advice);
  };
}
