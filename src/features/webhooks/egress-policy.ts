/** The egress policy: webhooks can be sent to public addresses and to hosts that the operator allows. */
import { Resolver } from 'node:dns/promises';
import { BlockList, isIP, isIPv4, isIPv6, type LookupFunction } from 'node:net';

/** Looks up the addresses of a host name; empty if it has none. */
export type Resolve = (hostname: string) => Promise<string[]>;

/** A URL that the policy allows, and how to connect to it. */
export interface Destination {
  readonly url: URL;
  /** Resolves the host name; undefined if the operating system resolves it. */
  readonly lookup: LookupFunction | undefined;
}

/** The host name has no address, or the policy does not allow the address. */
export class EgressError extends Error {
  constructor(readonly code: 'unresolvable' | 'refused-address') {
    super(code);
  }
}

export interface EgressPolicy {
  /** Why the URL of a webhook is not allowed, as the `detail` of a validation error; null if it is allowed. */
  refusalOf(url: string): string | null;
  /** Opens a URL for a request. @throws EgressError if the policy does not allow it */
  open(url: string): Destination;
}

// Addresses that are not globally reachable, from the IANA registries of special-purpose addresses (RFC 6890).
const refusedV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // A service of the Azure platform at a public address.
  '168.63.129.16/32',
];
// Everything except 2000::/3. That refuses mapped and translated IPv4, unique-local, link-local and multicast
// addresses. Within 2000::/3: protocol assignments with Teredo, documentation, 6to4, and AS112.
const refusedV6 = [
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
];

// The lists are separate, because a `BlockList` with IPv6 networks also matches IPv4 addresses as mapped addresses.
function listOf(family: 'ipv4' | 'ipv6', subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/');
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}

const refused = { 4: listOf('ipv4', refusedV4), 6: listOf('ipv6', refusedV6) };

/** True if an IP address, in any notation, is public, so that webhooks may connect to it. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !refused[4].check(address, 'ipv4');
  // An address with a zone (`fe80::1%eth0`) belongs to the local network.
  return isIPv6(address) && !address.includes('%') && !refused[6].check(address, 'ipv6');
}

const ownNames = /(^|\.)(localhost|local|internal)\.?$/;

/** A URL's host without the brackets of an IPv6 address. */
function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/**
 * Creates a look-up that asks name servers directly. The default are the name servers of the system. The look-up of the
 * system itself is not used, for three reasons: it runs on few threads, which slow names would block; it reads the hosts
 * file; and it completes names with the search domains of the local network.
 */
export function createResolve(nameServers?: readonly string[]): Resolve {
  const resolver = new Resolver({ timeout: 2_500, tries: 2 });
  if (nameServers) resolver.setServers(nameServers);
  return async (hostname) => {
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    return answers.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  };
}

// A name server can return thousands of addresses, and each would be tried one after another.
const maxAddresses = 3;

/** The first IPv4 addresses and the first IPv6 addresses, in their order. */
function firstOfEach(addresses: readonly string[]): string[] {
  const firstOf = (family: number) =>
    addresses.filter((each) => isIP(each) === family).slice(0, maxAddresses);
  return [...firstOf(4), ...firstOf(6)];
}

/** A look-up for Node's sockets that returns only public addresses, so that a socket connects to no other address. */
function publicLookup(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    const found = async () => {
      const addresses = await resolve(hostname);
      if (addresses.length === 0) throw new EgressError('unresolvable');
      const open = firstOfEach(addresses.filter(isPublicAddress));
      if (open.length === 0) throw new EgressError('refused-address');
      return open.map((address) => ({ address, family: isIP(address) }));
    };
    found().then(
      (addresses) => {
        const [first] = addresses;
        if (options.all) callback(null, addresses);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: Error) => callback(error, ''),
    );
  };
}

/**
 * Creates an egress policy.
 * @param allowedHosts hosts, or hosts with a port (`localhost:3000`), that are also allowed with `http` and in private
 * networks
 */
export function createEgressPolicy(
  allowedHosts: readonly string[],
  resolve: Resolve = createResolve(),
): EgressPolicy {
  const lookup = publicLookup(resolve);
  const allowed = new Set(allowedHosts.map((each) => each.toLowerCase()));

  function isAllowed(url: URL): boolean {
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return allowed.has(url.hostname) || allowed.has(`${url.hostname}:${port}`);
  }

  function refusalOf(address: string): string | null {
    const url = URL.parse(address);
    if (!url || !/^https?:$/.test(url.protocol)) return 'must be a URL';
    if (url.username || url.password) return 'must not have a user name or a password';
    if (url.hash) return 'must not have a fragment';
    if (isAllowed(url)) return null;
    if (url.protocol !== 'https:') return 'must begin with https://';
    if (url.port !== '') return 'must have the port 443';
    const host = bareHost(url);
    if (ownNames.test(host) || (isIP(host) !== 0 && !isPublicAddress(host))) {
      return 'must not be in a private network';
    }
    return null;
  }

  return {
    refusalOf,
    open(address) {
      if (refusalOf(address) !== null) throw new EgressError('refused-address');
      const url = new URL(address);
      return { url, lookup: isAllowed(url) ? undefined : lookup };
    },
  };
}
