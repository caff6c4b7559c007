import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

type Range = readonly [network: string, prefix: number];

/** What of IPv4 is not public. Source: IANA IPv4 Special-Purpose Address Registry (RFC 6890), and RFC 5771. */
const specialIPv4: readonly Range[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  // Relays of 6to4, which has been given up (RFC 7526).
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast.
  ['224.0.0.0', 4],
  // Reserved, and broadcast.
  ['240.0.0.0', 4],
];

/**
 * All that IANA has given out of IPv6 for use between any two hosts (RFC 4291, 2.4). Loopback, link-local, unique and
 * site-local, multicast, mapped and compatible IPv4, and NAT64 all lie outside it.
 */
const globalIPv6: Range = ['2000::', 3];

/** What of that is not public after all. Source: IANA IPv6 Special-Purpose Address Registry. */
const specialIPv6: readonly Range[] = [
  // Protocol assignments: Teredo (an IPv4 address in disguise), benchmarks, identifiers.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4: an IPv4 address in disguise.
  ['2002::', 16],
  ['3fff::', 20],
];

// A list for each purpose: one that holds both families takes mapped addresses for what they stand for.
const notPublicIPv4 = blockList('ipv4', specialIPv4);
const publicIPv6 = blockList('ipv6', [globalIPv6]);
const notPublicIPv6 = blockList('ipv6', specialIPv6);

function blockList(family: 'ipv4' | 'ipv6', ranges: readonly Range[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
  return list;
}

/**
 * Whether an address is one that anybody on the Internet would reach the same host by.
 * @param address as a resolver gives it or `literalAddress`, without brackets; what is no address is not public
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !notPublicIPv4.check(address, 'ipv4');
  // One with a zone ("fe80::1%eth0") means something on this machine alone.
  if (!isIPv6(address) || address.includes('%')) return false;
  return publicIPv6.check(address, 'ipv6') && !notPublicIPv6.check(address, 'ipv6');
}

/**
 * The address that a URL's host is, rather than a name that has to be looked up; null: it is a name.
 * @param hostname as `URL` gives it, which has read every odd spelling of IPv4 ("0x7f.1") by then
 */
export function literalAddress(hostname: string): string | null {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) === 0 ? null : bare;
}

/**
 * Whether a URL's host is one of those that somebody has named: the very same name, letter case aside.
 * @param named names and addresses; those of IPv6 with brackets or without
 */
export function isNamedHost(hostname: string, named: readonly string[]): boolean {
  return named.some(
    (name) => hostname !== '' && hostname === domainToASCII(isIPv6(name) ? `[${name}]` : name),
  );
}
