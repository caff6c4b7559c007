import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { problemOf } from '../../test/support/contract.ts';
import { type Answer, startSampleServer } from '../../test/support/sample-server.ts';
import { type Call, createHttp, type HttpRequest } from './http.ts';
import type { RequestOutcome } from './trouble.ts';

// What a provider, or the road to it, can do to one call. After each of it the next call succeeds.

const person: Call = { priority: 'person' };
const get: HttpRequest = { operation: 'read', path: 'things/1', headers: { authorization: 'Bearer k3y' } };
const whole = 'content-type: application/json\r\ncontent-length: 9\r\n\r\n{"a": 12}';

function connectTo(baseUrl: string, timeoutMs = 5_000) {
  const outcomes: RequestOutcome[] = [];
  const gate = {
    admit: async () => {},
    finished: (_operation: string, outcome: RequestOutcome) => void outcomes.push(outcome),
  };
  return { outcomes, http: createHttp({ baseUrl, secrets: ['k3y'] }, { gate, timeoutMs }) };
}

async function listen<Listener extends Server>(server: Listener) {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: portOf(server.address()),
    /** Connections that are open. */
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
}

/** A server that does what is told with the first request, and answers the others as it should. */
function startOdd(answer: (socket: Socket) => void) {
  let requests = 0;
  const server = createServer((socket) => {
    socket.on('data', () => {
      requests += 1;
      if (requests === 1) answer(socket);
      else socket.write(`HTTP/1.1 200 OK\r\n${whole}`);
    });
  });
  return listen(server);
}

const head = (...lines: string[]) => ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n');
const sends = (text: string) => (socket: Socket) => void socket.write(text);
const ends = (text: string) => (socket: Socket) => void socket.end(text);

/** Writes again and again, as fast as it is taken or every so many ms, until the client leaves. */
function repeats(text: string, start = '', everyMs = 0) {
  return (socket: Socket) => {
    socket.write(start);
    const write = () => {
      while (!socket.destroyed && socket.write(text) && everyMs === 0);
    };
    if (everyMs === 0) socket.on('drain', write);
    const timer = everyMs > 0 ? setInterval(write, everyMs) : undefined;
    socket.on('close', () => clearInterval(timer));
    write();
  };
}

/** Sends the head of an answer and a part of its body, and resets the connection once both are on their way. */
function resets(text: string) {
  return (socket: Socket) => void socket.write(text, () => socket.resetAndDestroy());
}

const packed = (encoding: string, body: Buffer) => (socket: Socket) => {
  socket.write(head(`content-encoding: ${encoding}`, `content-length: ${body.length}`));
  socket.write(body);
};
const zipped = gzipSync('{"a": 12}');
const broken = /^The provider's answer broke off \(\w+\)\.$/;
const noHttp = /^The provider's answer is no HTTP \(HPE_\w+\)\.$/;
const damaged = "The provider's answer is damaged, and can't be unpacked.";
const slow = 'The provider did not answer within 0.3 s.';
const tooLarge = 'The answer of the provider is larger than 32 MiB.';
const noJson = /^The provider answered with something that is not JSON: /;
const half = 'The provider answered with JSON that is damaged or breaks off.';

describe('a call', () => {
  test.each<[string, (socket: Socket) => void, 'UNAVAILABLE' | 'BAD_RESPONSE', string | RegExp]>([
    ['is cut off at once', (socket) => socket.resetAndDestroy(), 'UNAVAILABLE', /reached \(ECONNRESET\)/],
    ['is hung up on', ends(''), 'UNAVAILABLE', /reached \(ECONNRESET\)/],
    [
      'breaks off in its head',
      ends('HTTP/1.1 200 OK\r\ncontent-le'),
      'UNAVAILABLE',
      /reached \(ECONNRESET\)/,
    ],
    ['is reset in mid-body', resets(`${head('content-length: 99')}{"a"`), 'UNAVAILABLE', broken],
    ['ends in mid-body', ends(`${head('content-length: 99')}{"a": 12}`), 'UNAVAILABLE', broken],
    [
      'ends between two chunks',
      ends(`${head('transfer-encoding: chunked')}9\r\n{"a": 12}\r\n`),
      'UNAVAILABLE',
      broken,
    ],
    ['ends in a body without a length', ends(`${head()}{"a": `), 'BAD_RESPONSE', half],
    ['gets no HTTP', sends('220 mail.example.com ESMTP\r\n'), 'BAD_RESPONSE', noHttp],
    ['gets bytes without sense', sends('\0\x01\x02\xff'), 'BAD_RESPONSE', noHttp],
    ['gets a body alone', sends('{"a": 12}'), 'BAD_RESPONSE', noHttp],
    ['gets bad chunks', sends(`${head('transfer-encoding: chunked')}many\r\n{}`), 'BAD_RESPONSE', noHttp],
    [
      'gets two lengths',
      sends(`${head('content-length: 2', 'content-length: 3')}{}`),
      'BAD_RESPONSE',
      noHttp,
    ],
    ['gets an enormous header', sends(head(`x-long: ${'x'.repeat(200_000)}`)), 'BAD_RESPONSE', noHttp],
    [
      'gets headers without end',
      repeats(`x-one: ${'1'.repeat(9_000)}\r\n`, 'HTTP/1.1 200 OK\r\n'),
      'BAD_RESPONSE',
      noHttp,
    ],
    [
      'hears that it goes on, for ever',
      repeats('HTTP/1.1 100 Continue\r\n\r\n', '', 10),
      'UNAVAILABLE',
      slow,
    ],
    ['gets a head that drips', repeats('x', 'HTTP/1.1 200 OK\r\n', 20), 'UNAVAILABLE', slow],
    ['gets a body that drips', repeats('1', head('content-length: 99'), 20), 'UNAVAILABLE', slow],
    [
      'gets a drip without end',
      repeats('1\r\n1\r\n', head('transfer-encoding: chunked'), 20),
      'UNAVAILABLE',
      slow,
    ],
    ['gets a body that never begins', sends(head('content-length: 99')), 'UNAVAILABLE', slow],
    [
      'is switched to another protocol',
      sends('HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      'UNAVAILABLE',
      slow,
    ],
    ['gets half of its JSON', sends(`${head('content-length: 6')}{"a": `), 'BAD_RESPONSE', half],
    ['gets another encoding', packed('odd', zipped), 'BAD_RESPONSE', noJson],
    ['gets what only claims to be gzip', packed('gzip', Buffer.from('{"a": 12}')), 'BAD_RESPONSE', damaged],
    ['gets gzip without its end', packed('gzip', zipped.subarray(0, -6)), 'BAD_RESPONSE', damaged],
  ])('that %s fails with a sentence, and the next one succeeds', async (_what, answer, code, message) => {
    await using server = await startOdd(answer);
    const { http, outcomes } = connectTo(`http://127.0.0.1:${server.port}`, 300);
    const problem = await problemOf(http.request(get, person));
    expect(problem.code).toBe(`PROVIDER_${code}`);
    expect(problem.message).toMatch(message);
    expect(problem.message).not.toContain('k3y');
    expect(await http.request(get, person)).toMatchObject({ status: 200, body: { a: 12 } });
    expect(outcomes).toHaveLength(2);
  });

  test('that is answered twice takes the first, and the second is nobody’s', async () => {
    const other = '{"a": "another\'s"}';
    const second = `${head(`content-length: ${other.length}`)}${other}`;
    await using server = await startOdd(sends(`HTTP/1.1 200 OK\r\n${whole}${second}`));
    const { http } = connectTo(`http://127.0.0.1:${server.port}`);
    for (const _call of [1, 2]) expect(await http.request(get, person)).toMatchObject({ body: { a: 12 } });
  });

  test('whose name is never looked up, or whose server never begins to speak TLS, ends in time', async () => {
    await using server = await startOdd(() => {});
    for (const baseUrl of [`https://127.0.0.1:${server.port}`, 'http://nowhere.invalid']) {
      const { http } = connectTo(baseUrl, 300);
      const started = performance.now();
      expect(await problemOf(http.request(get, person))).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });

  test.each(['text/html', 'image/png', 'application/octet-stream', 'nonsense'])(
    'with JSON that is called %s is read all the same',
    async (type) => {
      await using server = await startSampleServer(() => ({
        headers: { 'content-type': type },
        body: { a: 1 },
      }));
      const { http } = connectTo(server.url);
      expect(await http.request(get, person)).toMatchObject({ body: { a: 1 } });
    },
  );
});

describe('an answer without measure', () => {
  const blanks = Buffer.alloc(2 ** 28, ' ');
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } };
  const line = `10000\r\n${' '.repeat(65_536)}\r\n`;

  test.each<[string, () => (socket: Socket) => void]>([
    ['has no end', () => repeats(line, head('transfer-encoding: chunked'))],
    ['is 256 MiB in gzip', () => packed('gzip', gzipSync(blanks, { level: 1 }))],
    ['is 256 MiB in gzip twice', () => packed('gzip, gzip', gzipSync(gzipSync(blanks, { level: 1 })))],
    ['is 256 MiB in Brotli', () => packed('br', brotliCompressSync(blanks, quick))],
    ['is 256 MiB in Zstandard', () => packed('zstd', zstdCompressSync(blanks))],
  ])('that %s is called off at 32 MiB', async (_what, answer) => {
    await using server = await startOdd(answer());
    const { http, outcomes } = connectTo(`http://127.0.0.1:${server.port}`, 20_000);
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 2);
    const problem = await problemOf(http.request(get, person));
    clearInterval(watch);
    expect(problem).toMatchObject({ code: 'PROVIDER_BAD_RESPONSE', message: tooLarge });
    // What came until then, whole and in pieces, and what was not collected yet.
    expect(most - before).toBeLessThan(300_000_000);
    expect(await http.request(get, person)).toMatchObject({ body: { a: 12 } });
    expect(outcomes).toEqual(['too large', '200']);
  });

  test.each([101, 5_000, 1_000_000])('that is nested %d levels deep is refused', async (depth) => {
    const body = '['.repeat(depth) + ']'.repeat(depth);
    await using server = await startSampleServer(() => ({ body }));
    expect(await problemOf(connectTo(server.url).http.request(get, person))).toMatchObject({
      code: 'PROVIDER_BAD_RESPONSE',
      message: "The provider's answer is nested more than 100 levels deep.",
    });
  });

  test('that is nested 100 levels deep is read', async () => {
    const body: Answer['body'] = `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`;
    await using server = await startSampleServer(() => ({ body }));
    expect(await connectTo(server.url).http.request(get, person)).toMatchObject({ status: 200 });
  });
});

describe('TLS', () => {
  // Of nobody: made for this test, valid until 2126.
  const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFNBz1TmhuW/WFnsz
BJL1g2PN1ceH1EeR4yZ9pRwOMaChRANCAATztEGFXX2cqYSrI2NZqLqO6/4PlVL0
Obcss3YxU+VImu0tZaib3rrgxB1gVJjgbq4oSt69lRj0Sziepmkz6fHV
-----END PRIVATE KEY-----`;
  const cert = `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUci+EM7KDv+3dgo0UNVVTf0NIfBQwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjA3NDIyOVoYDzIxMjYxMDI5
MDc0MjI5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATztEGFXX2cqYSrI2NZqLqO6/4PlVL0Obcss3YxU+VImu0tZaib3rrg
xB1gVJjgbq4oSt69lRj0Sziepmkz6fHVo28wbTAdBgNVHQ4EFgQUSkhYUBSjDVb8
nRDLK/Z4ecyULx0wHwYDVR0jBBgwFoAUSkhYUBSjDVb8nRDLK/Z4ecyULx0wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgPlunWOS2iN7WoCaRVHmjwyY/vETEsbZl0hH9QWUl5T0CIF67
plYiqrs1s6yJy4W3155h8AgVu1sfY1LRPOpHrYAQ
-----END CERTIFICATE-----`;

  test.each([undefined, '0'])(
    'refuses a certificate that nobody vouches for, NODE_TLS_REJECT_UNAUTHORIZED being %s',
    async (setting) => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', setting);
      let requests = 0;
      await using server = await listen(
        createTlsServer({ key, cert }, (_request, response) => {
          requests += 1;
          response.end('{}');
        }),
      );
      const { http, outcomes } = connectTo(`https://127.0.0.1:${server.port}`);
      expect(await problemOf(http.request(get, person))).toMatchObject({
        code: 'PROVIDER_UNAVAILABLE',
        message:
          "The provider's certificate is not to be trusted, so nothing was sent (DEPTH_ZERO_SELF_SIGNED_CERT).",
      });
      expect([requests, outcomes]).toEqual([0, ['network']]);
      vi.unstubAllEnvs();
    },
  );

  test('is not given up for a server that speaks none', async () => {
    const asked: string[] = [];
    await using server = await listen(
      createServer((socket) => {
        socket.on('data', (bytes) => {
          asked.push(bytes.toString('latin1'));
          socket.end(`HTTP/1.1 200 OK\r\n${whole}`);
        });
      }),
    );
    const { http } = connectTo(`https://127.0.0.1:${server.port}`);
    expect((await problemOf(http.request(get, person))).code).toBe('PROVIDER_UNAVAILABLE');
    expect(asked.join('')).not.toMatch(/k3y|HTTP/);
  });
});
