import { describe, expect, test } from 'vitest';
import { isNamedHost, isPublicAddress, literalAddress } from './address.ts';

/** The first and the last address of every range that is not public. */
const special: readonly (readonly [what: string, first: string, last: string])[] = [
  ['this network', '0.0.0.0', '0.255.255.255'],
  ['private, 10/8', '10.0.0.0', '10.255.255.255'],
  ['carrier-grade NAT', '100.64.0.0', '100.127.255.255'],
  ['loopback', '127.0.0.0', '127.255.255.255'],
  ['link-local', '169.254.0.0', '169.254.255.255'],
  ['private, 172.16/12', '172.16.0.0', '172.31.255.255'],
  ['protocol assignments', '192.0.0.0', '192.0.0.255'],
  ['documentation 1', '192.0.2.0', '192.0.2.255'],
  ['relays of 6to4', '192.88.99.0', '192.88.99.255'],
  ['private, 192.168/16', '192.168.0.0', '192.168.255.255'],
  ['benchmarks', '198.18.0.0', '198.19.255.255'],
  ['documentation 2', '198.51.100.0', '198.51.100.255'],
  ['documentation 3', '203.0.113.0', '203.0.113.255'],
  ['multicast', '224.0.0.0', '239.255.255.255'],
  ['reserved and broadcast', '240.0.0.0', '255.255.255.255'],
  ['unspecified', '::', '::'],
  ['loopback of IPv6', '::1', '::1'],
  ['IPv4-compatible', '::0.0.0.2', '::255.255.255.255'],
  ['IPv4-mapped', '::ffff:0.0.0.0', '::ffff:255.255.255.255'],
  ['IPv4-translated', '::ffff:0:0:0', '::ffff:0:ffff:ffff'],
  ['NAT64', '64:ff9b::', '64:ff9b::ffff:ffff'],
  ['local NAT64', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
  ['discarded', '100::', '100::ffff:ffff:ffff:ffff'],
  ['not given out, below', '200::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['Teredo', '2001::', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['benchmarks of IPv6', '2001:2::', '2001:2:0:ffff:ffff:ffff:ffff:ffff'],
  ['protocol assignments of IPv6', '2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['documentation of IPv6', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['6to4', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['newer documentation of IPv6', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['not given out, above', '4000::', 'fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['segment routing', '5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['unique-local', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['link-local of IPv6', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['site-local', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['multicast of IPv6', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
];

/** What lies right beside those ranges, and some well-known hosts. */
const open: readonly string[] = [
  ...[
    '1.0.0.0',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
  ],
  ...['169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '191.255.255.255', '192.0.1.0'],
  ...['192.0.1.255', '192.0.3.0', '192.88.98.255', '192.88.100.0', '192.167.255.255', '192.169.0.0'],
  ...['198.17.255.255', '198.20.0.0', '198.51.99.255', '198.51.101.0', '203.0.112.255', '203.0.114.0'],
  ...['223.255.255.255', '8.8.8.8', '52.216.0.1'],
  ...['2000::', '2000:ffff::1', '2001:200::', '2001:db7:ffff::', '2001:db9::', '2001:ffff::1', '2003::'],
  ...['2606:4700:4700::1111', '2A00:1450:4001:082A:0000:0000:0000:200E', '3ffe:ffff::1', '3fff:1000::'],
];

describe.each(special)('%s', (_, first, last) => {
  test.each([...new Set([first, last])])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
    expect(isPublicAddress(address.toUpperCase())).toBe(false);
  });
});

test.each(open)('%s is public', (address) => expect(isPublicAddress(address)).toBe(true));

test.each([
  ...['', 'localhost', 'example.com', '8.8.8.8:80', '8.8.8', '08.8.8.8', '134744072', '0x08080808'],
  ...[
    '[2606:4700::1111]',
    '2606:4700::1111%eth0',
    'fe80::1%1',
    '2606:4700::1111/64',
    ' 8.8.8.8',
    '8.8.8.8\0',
  ],
])('%j is no address, so it is not public', (text) => expect(isPublicAddress(text)).toBe(false));

test.each([
  ...['0:0:0:0:0:0:0:1', '0000:0000:0000:0000:0000:0000:0000:0001', '::127.0.0.1', '::7f00:1'],
  ...['::ffff:8.8.8.8', '::FFFF:0808:0808', '0:0:0:0:0:ffff:7f00:1', '64:ff9b::8.8.8.8', '2002:0808:0808::1'],
])('%s, however it is spelled, is not public', (address) => expect(isPublicAddress(address)).toBe(false));

describe('the host of a URL', () => {
  test.each([
    ['https://2130706433/', '127.0.0.1'],
    ['https://0x7f.1/', '127.0.0.1'],
    ['https://0x7f000001/', '127.0.0.1'],
    ['https://0177.0.0.1/', '127.0.0.1'],
    ['https://017700000001/', '127.0.0.1'],
    ['https://127.1/', '127.0.0.1'],
    ['https://127.0.0.1./', '127.0.0.1'],
    ['https://%31%32%37.0.0.1/', '127.0.0.1'],
    ['https://①②⑦.⓪.⓪.①/', '127.0.0.1'],
    ['https://127。0。0。1/', '127.0.0.1'],
    ['https://0/', '0.0.0.0'],
    ['https://0xA9FEA9FE/', '169.254.169.254'],
    ['https://[::1]/', '::1'],
    ['https://[0:0:0:0:0:0:0:1]/', '::1'],
    ['https://[::127.0.0.1]/', '::7f00:1'],
    ['https://[::ffff:127.0.0.1]/', '::ffff:7f00:1'],
    ['https://[::ffff:7f00:1]/', '::ffff:7f00:1'],
    ['https://[::FFFF:10.0.0.1]:8443/', '::ffff:a00:1'],
    ['https://[64:ff9b::10.0.0.1]/', '64:ff9b::a00:1'],
    ['https://[fd00:ec2::254]/', 'fd00:ec2::254'],
  ])('%s is the address %s, which is not public', (url, address) => {
    const literal = literalAddress(new URL(url).hostname);
    expect(literal).toBe(address);
    expect(isPublicAddress(literal ?? '')).toBe(false);
  });

  test('can be a public address', () => {
    expect(literalAddress(new URL('https://134744072/').hostname)).toBe('8.8.8.8');
    expect(literalAddress(new URL('https://[2606:4700::1111]/').hostname)).toBe('2606:4700::1111');
  });

  test.each(['localhost', 'localhost.', 'LOCALHOST', 'files.example.com', '127.0.0.1.example.com', 'a.127'])(
    '%s is a name, to be looked up',
    (name) => expect(literalAddress(name)).toBeNull(),
  );
});

describe('a host that is named', () => {
  const named = ['Files.Example.com', '127.0.0.1', '::1', '[fd00::1]', 'FD00:0:0::2', 'bücher.example', ''];

  test.each([
    ...[
      'https://files.example.com/a',
      'https://FILES.EXAMPLE.COM:8443/',
      'http://127.0.0.1:1/',
      'http://127.1/',
    ],
    ...[
      'http://[::1]/',
      'http://[0::1]:80/',
      'http://[fd00::1]/',
      'http://[fd00::2]/',
      'https://bücher.example/',
    ],
  ])('%s is one', (url) => expect(isNamedHost(new URL(url).hostname, named)).toBe(true));

  test.each([
    ...['https://example.com/', 'https://a.files.example.com/', 'https://files.example.com.evil.example/'],
    ...[
      'https://files.example.com./',
      'https://filesxexample.com/',
      'http://127.0.0.2/',
      'http://localhost/',
    ],
    ...['http://[::ffff:127.0.0.1]/', 'http://[::2]/', 'file:///etc/passwd', 'data:,files.example.com'],
  ])('%s is none', (url) => expect(isNamedHost(new URL(url).hostname, named)).toBe(false));

  test.each(['localhost:8080', '*.example.com', 'http://localhost', 'local host'])(
    '%s names none',
    (name) => {
      for (const url of ['http://localhost/', 'http://localhost:8080/', 'http://a.example.com/']) {
        expect(isNamedHost(new URL(url).hostname, [name])).toBe(false);
      }
    },
  );
});
