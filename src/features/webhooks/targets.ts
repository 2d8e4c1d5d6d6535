/** Where webhooks may lead: out into the public internet, and to the hosts that the operator allows. */
import { Resolver } from 'node:dns/promises';
import { BlockList, isIP, isIPv4, isIPv6, type LookupFunction } from 'node:net';

/** Looks a name up: its addresses, none if it has none. */
export type Resolve = (hostname: string) => Promise<string[]>;

/** An address to connect to. */
export interface Target {
  readonly url: URL;
  /** How its name is looked up; undefined: as the system does. */
  readonly lookup: LookupFunction | undefined;
}

/** A name that leads nowhere, or where webhooks may not go. */
export class TargetError extends Error {
  constructor(readonly code: 'unresolvable' | 'refused-address') {
    super(code);
  }
}

export interface Targets {
  /** What is wrong with an address as a webhook's, for its user; null if nothing is. */
  faultOf(url: string): string | null;
  /** @throws TargetError if webhooks may not go there */
  open(url: string): Target;
}

// RFC 6890 and the IANA registries of special-purpose addresses: whatever is not reachable from everywhere.
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
  // A cloud's own service at a public address (Azure's).
  '168.63.129.16/32',
];
// All but 2000::/3, which leaves out mapped and translated IPv4, unique-local, link-local and multicast; and within it
// protocol assignments with Teredo, documentation, 6to4, and AS 112.
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

// Apart, for a list that holds networks of IPv6 finds addresses of IPv4 in them, as mapped ones.
function listOf(family: 'ipv4' | 'ipv6', subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/');
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}

const refused = { 4: listOf('ipv4', refusedV4), 6: listOf('ipv6', refusedV6) };

/** Whether an IP address, in any of its spellings, may be connected to. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !refused[4].check(address, 'ipv4');
  // An address with a zone (`fe80::1%eth0`) is of this host's own network.
  return isIPv6(address) && !address.includes('%') && !refused[6].check(address, 'ipv6');
}

const ownNames = /(^|\.)(localhost|local|internal)\.?$/;

/** A URL's host without the brackets of an IPv6 address. */
function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/**
 * Makes a look-up of names that asks name servers, the system's unless others are given. Not the system's own look-up:
 * that one runs on few threads, which a name that nobody answers for would keep busy, reads the hosts file, and completes
 * names with the domains of the network that it is in.
 */
export function createResolve(nameServers?: readonly string[]): Resolve {
  const resolver = new Resolver({ timeout: 2_500, tries: 2 });
  if (nameServers) resolver.setServers(nameServers);
  return async (hostname) => {
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    return answers.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  };
}

// A name server may give thousands, and each is connected to in turn.
const maxAddresses = 3;

/** The first addresses of each family, in their order. */
function firstOfEach(addresses: readonly string[]): string[] {
  const firstOf = (family: number) =>
    addresses.filter((each) => isIP(each) === family).slice(0, maxAddresses);
  return [...firstOf(4), ...firstOf(6)];
}

/** Looks a name up as Node's sockets ask for it: what is found is checked, and no other address is connected to. */
function publicLookup(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    const found = async () => {
      const addresses = await resolve(hostname);
      if (addresses.length === 0) throw new TargetError('unresolvable');
      const open = firstOfEach(addresses.filter(isPublicAddress));
      if (open.length === 0) throw new TargetError('refused-address');
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
 * Makes the rules of where webhooks may lead.
 * @param allowedHosts hosts, or hosts with a port (`localhost:3000`), that are allowed under `http` and in private
 * networks too
 */
export function createTargets(allowedHosts: readonly string[], resolve: Resolve = createResolve()): Targets {
  const lookup = publicLookup(resolve);
  const allowed = new Set(allowedHosts.map((each) => each.toLowerCase()));

  function isAllowed(url: URL): boolean {
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return allowed.has(url.hostname) || allowed.has(`${url.hostname}:${port}`);
  }

  function faultOf(address: string): string | null {
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
    faultOf,
    open(address) {
      if (faultOf(address) !== null) throw new TargetError('refused-address');
      const url = new URL(address);
      return { url, lookup: isAllowed(url) ? undefined : lookup };
    },
  };
}
