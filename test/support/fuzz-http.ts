import { tokens } from './fuzz-app.ts';
import type { Dice } from './fuzz-dice.ts';
import { oddText, oddValue } from './fuzz-values.ts';
import { type WireRequest, written } from './fuzz-wire.ts';

const methods = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'QUERY',
] as const;

const targets = [
  ...[
    '/',
    '/graphql',
    '/graphql/',
    '/graphql?',
    '/graphql?query={__typename}',
    '/graphql?query=%7B__typename%7D',
  ],
  ...[
    '/graphql?query=%',
    '/graphql?query=%ff%00',
    '/graphql?variables={',
    '/graphql?query=a&query=b',
    '//',
    '//a',
  ],
  ...[
    '/health/live',
    '/health/ready',
    '/health/live?a',
    '/metrics',
    '/metrics/..',
    '/%2e%2e/',
    '/%',
    '/\\',
    '*',
  ],
  ...[
    'http://127.0.0.1/graphql',
    'http://[',
    '/webhooks/',
    '/webhooks/a',
    '/webhooks//',
    '/webhooks/%/%',
    '/favicon.ico',
  ],
  ...['/graphql#a', '/graphql;a', '/..;/metrics', '/graphql?query={accounts{name}}&extensions=%7B', '/?'],
] as const;

const headers = [
  ...[
    'Accept: text/html',
    'Accept: text/event-stream',
    'Accept: */*;q=x',
    'Accept:',
    'Accept: application/json',
  ],
  ...[
    'Content-Type: application/json',
    'Content-Type: text/plain',
    'Content-Type: multipart/form-data',
    'Content-Type:',
  ],
  ...['Content-Type: application/graphql+json', 'Content-Type: application/json; charset=utf-16'],
  ...[
    'Content-Encoding: gzip',
    'Content-Encoding: br',
    'Expect: 100-continue',
    'Expect: nothing',
    'Range: bytes=0-1',
  ],
  ...[
    'Origin: null',
    'Origin: http://evil.example',
    'Origin: http://[',
    'Host: evil.example',
    'Host:',
    'Host: [::1',
  ],
  ...['Authorization: Bearer', 'Authorization: Bearer a b', `Authorization: Bearer ${tokens.viewer}`],
  ...[`Authorization: bearer  ${tokens.operator}`, `Authorization: Bearer ${tokens.operator}\0`],
  ...[
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Upgrade: h2c',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Version: x',
  ],
  ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Key: x', 'Sec-WebSocket-Protocol: ,,'],
  ...[
    'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99',
    'Connection: close, keep-alive',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: x',
    'Content-Length: -1',
  ],
  ...[
    'Content-Length: 5',
    'Content-Length: 99999999999999999999',
    'Last-Event-ID: \u00ff',
    'Last-Event-ID: 1.2.3',
  ],
  ...[
    'Access-Control-Request-Method: POST',
    'Cookie: a=b',
    'X-Forwarded-For: 1',
    ' Folded: a',
    'No colon',
    ': nothing',
  ],
] as const;

const bodies = [
  '',
  '{',
  '{"query":"{ __typename }"}',
  '[]',
  '5\r\nhello\r\n0\r\n\r\n',
  'zz\r\n',
  '\0',
] as const;

/** Bytes for a connection: one request or several, each odd in some way, or no HTTP at all. */
export function oddBytes(dice: Dice, host: string): string | Buffer {
  const kind = dice.below(20);
  if (kind === 0) return Buffer.from(dice.times(1, 200, () => dice.below(256)));
  if (kind === 1) return 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
  if (kind === 2) return Buffer.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3);
  if (kind === 3) return `GET /graphql HTTP/${dice.oneOf(['1.0', '0.9', '2.0', '9'])}\r\n\r\n`;
  if (kind === 4) return `GET /${'a'.repeat(dice.oneOf([1_000, 20_000]))} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  if (kind === 5)
    return `GET / HTTP/1.1\r\nHost: ${host}\r\n${'X-A: b\r\n'.repeat(dice.oneOf([100, 3_000]))}\r\n`;
  if (kind === 6) return written(oddRequest(dice), host).replaceAll('\r\n', '\n');
  if (kind === 7) return cutShort(dice, written(oddRequest(dice), host));
  return dice.times(1, 5, () => written(oddRequest(dice), host)).join('');
}

function oddRequest(dice: Dice): WireRequest {
  return {
    method: dice.chance(0.7) ? dice.oneOf(['GET', 'POST']) : dice.oneOf([...methods, 'MADE-UP', 'get', '']),
    target: dice.chance(0.9) ? dice.oneOf(targets) : `/${encodeURIComponent(oddText(dice).toWellFormed())}`,
    headers: [
      ...(dice.chance(0.5) ? [`Authorization: Bearer ${tokens.operator}`] : []),
      ...dice.times(0, 4, () => dice.oneOf(headers)),
    ],
    body: dice.oneOf(bodies),
  };
}

function cutShort(dice: Dice, text: string): string {
  return text.slice(0, dice.below(text.length));
}

/** A request to a webhook: well-formed, so that it is answered, from whoever it is. */
export function webhookRequest(dice: Dice, known: readonly string[]): WireRequest {
  const account = dice.oneOf([
    'selzy-main',
    'bsg-main',
    'nobody',
    '__proto__',
    '%00',
    '..',
    'a%2fb',
    'constructor',
  ]);
  const secret = dice.oneOf([
    'secret',
    '-',
    '_'.repeat(200),
    '_'.repeat(201),
    'toString',
    '%41',
    '__proto__',
    '',
  ]);
  const path = dice.chance(0.1) ? dice.anyOf(known) : null;
  return {
    method: dice.chance(0.9) ? 'POST' : dice.oneOf(methods),
    target: path ?? `/webhooks/${account}/${secret}`,
    headers: [dice.oneOf(['Content-Type: application/json', 'Content-Type: text/xml', 'X-A: b'])],
    body: dice.chance(0.01) ? 'a'.repeat(300_000) : (JSON.stringify(oddValue(dice)) ?? ''),
  };
}
