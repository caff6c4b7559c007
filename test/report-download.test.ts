import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createGzip, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ProblemCode } from '../src/model/problem.ts';
import { ProblemError } from '../src/model/problem.ts';
import { type DownloadOptions, openFile } from '../src/tasks/download.ts';
import { until } from './support/wait.ts';

const fileHosts = ['127.0.0.1'];
const named: DownloadOptions = { fileHosts };
const csv = 'email,send_result\none@example.com,ok_read\n';
const secret = 'sig=s3cr3t';

/** A server for as long as a test lasts; its URL is a signed link. */
async function listening(server: Server) {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = addressOf(server);
  return {
    port,
    /** Those that are open. */
    sockets,
    /** How many there ever were. */
    connections: () => connections,
    link: `http://127.0.0.1:${port}/report.csv?${secret}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address;
}

async function startFiles(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const received: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    received.push(request);
    answer(request, response);
  });
  return Object.assign(await listening(server), { received });
}

/** A server that says exactly this, once it has been asked, and then does as told with the connection. */
function startRaw(pieces: readonly (string | Uint8Array)[], then: 'end' | 'reset' | 'wait' = 'end') {
  const server = createTcpServer((socket) => {
    socket.once('data', async () => {
      socket.setNoDelay(true);
      for (const piece of pieces) await new Promise<unknown>((resolve) => socket.write(piece, resolve));
      if (then === 'end') socket.end();
      if (then === 'reset') socket.resetAndDestroy();
    });
  });
  return listening(server);
}

async function read(link: string, options: DownloadOptions = named): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of openFile(link, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The problem that a download ends with. Its link's secret is nowhere in it. */
async function problem(link: string, options: DownloadOptions = named): Promise<ProblemError> {
  const error = await read(link, options).then(
    (content) => new Error(`The download went well: ${content.length} bytes.`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ProblemError)) throw error;
  expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toMatch(/s3cr3t|sig=/);
  return error;
}

function refusal(message: RegExp): { code: ProblemCode; message: unknown } {
  return { code: 'PROVIDER_BAD_RESPONSE', message: expect.stringMatching(message) };
}

function trouble(message: RegExp): { code: ProblemCode; message: unknown } {
  return { code: 'PROVIDER_UNAVAILABLE', message: expect.stringMatching(message) };
}

/** A resolver that gives these answers one after another, the last for good, and keeps what it was asked. */
function resolver(...answers: readonly (readonly string[])[]) {
  const asked: string[] = [];
  return {
    asked,
    async resolve(hostname: string): Promise<LookupAddress[]> {
      asked.push(hostname);
      const answer = answers[Math.min(asked.length, answers.length) - 1] ?? [];
      return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    },
  };
}

describe('a file', () => {
  test('is asked for without anything that tells who asks', async () => {
    await using files = await startFiles((_, response) => response.end(csv));
    expect((await read(files.link)).toString()).toBe(csv);
    const [request] = files.received;
    expect(request?.url).toBe(`/report.csv?${secret}`);
    expect(request?.headers).toEqual({
      host: `127.0.0.1:${files.port}`,
      'user-agent': 'campaign-graph',
      accept: 'text/csv, */*',
      'accept-encoding': 'gzip',
      connection: 'close',
    });
  });

  test('that is empty has no bytes', async () => {
    await using files = await startFiles((_, response) => response.end());
    expect(await read(files.link)).toHaveLength(0);
  });

  test('is not asked for before somebody reads', async () => {
    await using files = await startFiles((_, response) => response.end(csv));
    const idle = openFile(files.link, named);
    await idle.return();
    await read(files.link);
    expect(files.received).toHaveLength(1);
  });

  test('comes no faster than it is read', async () => {
    const piece = Buffer.alloc(65_536, 'a');
    let sent = 0;
    await using files = await startFiles((_, response) => {
      const more = () => {
        while (response.write(piece)) sent += piece.length;
        response.once('drain', more);
      };
      more();
    });
    const file = openFile(files.link, named);
    await file.next();
    // What fits between the two does, and then no more is taken.
    let before = -1;
    await until(() => {
      const stands = before === sent;
      before = sent;
      return stands;
    });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    await file.return();
    await until(() => files.sockets.size === 0);
  });

  test('that is left in the middle is called off at the server', async () => {
    await using files = await startFiles((_, response) => {
      response.write(csv);
    });
    for await (const _ of openFile(files.link, named)) break;
    await until(() => files.sockets.size === 0);
  });
});

describe('gzip', () => {
  const packed = gzipSync(csv);

  test.each([
    ['as its encoding says', packed, { 'content-encoding': 'gzip' }],
    ['by an older name', packed, { 'content-encoding': 'X-GZIP' }],
    ['though nothing says so', packed, { 'content-type': 'text/csv' }],
    ['packed again on its way', gzipSync(packed), { 'content-encoding': 'gzip' }],
    ['in several members', Buffer.concat([gzipSync(csv.slice(0, 9)), gzipSync(csv.slice(9))]), {}],
    ['with an empty member', Buffer.concat([gzipSync(''), packed]), {}],
    ['padded with zeros', Buffer.concat([packed, Buffer.alloc(512)]), {}],
    ['said so of what is unpacked already', Buffer.from(csv), { 'content-encoding': 'gzip' }],
  ])('is unpacked: %s', async (_, body, headers) => {
    await using files = await startFiles((_request, response) => response.writeHead(200, headers).end(body));
    expect((await read(files.link)).toString()).toBe(csv);
  });

  test('is unpacked wherever it is cut into pieces', async () => {
    const members = Buffer.concat([gzipSync('one'), gzipSync('two')]);
    for (let cut = 1; cut < members.length; cut++) {
      const head = `HTTP/1.1 200 OK\r\ncontent-length: ${members.length}\r\n\r\n`;
      await using files = await startRaw([head, members.subarray(0, cut), members.subarray(cut)]);
      expect([cut, (await read(files.link)).toString()]).toEqual([cut, 'onetwo']);
    }
  });

  test('that ends early is an error wherever it ends, though the length is right', async () => {
    for (let length = 2; length < packed.length; length++) {
      await using files = await startFiles((_, response) => response.end(packed.subarray(0, length)));
      expect(await problem(files.link)).toMatchObject(trouble(/broke off: its gzip has no end/));
    }
  });

  test('that is damaged is refused', async () => {
    const damaged = Buffer.from(packed);
    damaged.fill(0xff, 10, 20);
    await using files = await startFiles((_, response) => response.end(damaged));
    expect(await problem(files.link)).toMatchObject(refusal(/damaged/));
  });

  test.each(['br', 'deflate', 'zstd', 'gzip, br'])('is all that is understood: not %s', async (encoding) => {
    await using files = await startFiles((_, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(csv),
    );
    expect(await problem(files.link)).toMatchObject(refusal(/something else than gzip/));
  });
});

describe('limits', () => {
  test.each([
    ['its length says so', { 'content-length': '101' }],
    ['it turns out on the way', {}],
  ])('a file that is larger than allowed is refused: %s', async (_, headers) => {
    await using files = await startFiles((_request, response) => {
      response.writeHead(200, headers);
      response.write('a'.repeat(50));
      response.end('a'.repeat(51));
    });
    const limited = { fileHosts, limits: { transferredBytes: 100 } };
    expect(await problem(files.link, limited)).toMatchObject(refusal(/larger than 100 bytes\.$/));
    expect(await read(files.link, { fileHosts, limits: { transferredBytes: 101 } })).toHaveLength(101);
  });

  test.each([
    ['a bomb', 1],
    ['a bomb in a bomb', 2],
  ])('%s is defused', async (_, layers) => {
    let bomb = Buffer.alloc(32 * 1024 * 1024);
    for (let layer = 0; layer < layers; layer++) bomb = gzipSync(bomb);
    await using files = await startFiles((_request, response) => response.end(bomb));
    const limits = { unpackedBytes: 1024 * 1024 };
    let size = 0;
    const reading = async () => {
      for await (const chunk of openFile(files.link, { fileHosts, limits })) size += chunk.length;
    };
    await expect(reading()).rejects.toMatchObject(refusal(/larger than 1048576 bytes once it is unpacked/));
    expect(size).toBeLessThanOrEqual(limits.unpackedBytes);
  });

  test('a bomb without an end is defused as well, in the middle of its way', async () => {
    const zeros = Buffer.alloc(65_536);
    await using files = await startFiles((_, response) => {
      const gzip = createGzip();
      gzip.pipe(response);
      const more = () => {
        while (gzip.write(zeros));
        gzip.once('drain', more);
      };
      response.once('close', () => gzip.destroy());
      more();
    });
    const limits = { unpackedBytes: 8 * 1024 * 1024 };
    expect(await problem(files.link, { fileHosts, limits })).toMatchObject(refusal(/once it is unpacked/));
    await until(() => files.sockets.size === 0);
  });

  test('a server that does not answer is given up', async () => {
    await using files = await startFiles(() => {});
    const limits = { responseMs: 50 };
    expect(await problem(files.link, { fileHosts, limits })).toMatchObject(trouble(/begin within 0\.05 s/));
    await until(() => files.sockets.size === 0);
  });

  test('a name that nobody resolves is given up as well', async () => {
    const options = {
      fileHosts,
      limits: { responseMs: 50 },
      resolve: () => new Promise<LookupAddress[]>(() => {}),
    };
    const link = `https://files.example.com/?${secret}`;
    expect(await problem(link, options)).toMatchObject(trouble(/begin within/));
  });

  test('a file that stands still is given up, one that is read slowly is not', async () => {
    await using still = await startFiles((_, response) => {
      response.write('a');
    });
    const limits = { idleMs: 100 };
    expect(await problem(still.link, { fileHosts, limits })).toMatchObject(trouble(/stood still for 0\.1 s/));

    const busy = new AbortController();
    await using ready = await startFiles((_, response) => {
      response.write('one');
      busy.signal.addEventListener('abort', () => response.end('two'));
    });
    const file = openFile(ready.link, { fileHosts, limits });
    await file.next();
    // Takes as long as standing still may last.
    await problem(still.link, { fileHosts, limits });
    busy.abort();
    expect(await file.next()).toEqual({ done: false, value: Buffer.from('two') });
    expect(await file.next()).toEqual({ done: true });
  });

  test('a slow drip wears out the whole time, if it does not stand still', async () => {
    await using files = await startFiles((_, response) => {
      const drip = setInterval(() => response.write('a'), 20);
      response.once('close', () => clearInterval(drip));
    });
    const limits = { idleMs: 10_000, wholeMs: 200 };
    expect(await problem(files.link, { fileHosts, limits })).toMatchObject(
      trouble(/took longer than 0\.2 s/),
    );
    await until(() => files.sockets.size === 0);
  });

  test('the whole time counts for who reads slowly too', async () => {
    await using files = await startFiles((_, response) => {
      response.write(csv);
    });
    const file = openFile(files.link, { fileHosts, limits: { wholeMs: 50 } });
    await file.next();
    await until(() => files.sockets.size === 0);
    await expect(file.next()).rejects.toMatchObject(trouble(/took longer than/));
  });
});

describe('a download that breaks off', () => {
  const ok = 'HTTP/1.1 200 OK\r\n';
  const sized = `${ok}content-length: 10\r\n\r\n`;
  const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;
  const packed = gzipSync(csv);

  test.each([
    ['before its head', [], 'end'],
    ['before its head, with a reset', [], 'reset'],
    ['in its head', [ok], 'end'],
    ['before its length', [`${sized}12345`], 'end'],
    ['before its length, with a reset', [`${sized}12345`], 'reset'],
    ['before its first byte', [sized], 'end'],
    ['without a last chunk', [`${chunked}3\r\nabc\r\n`], 'end'],
    ['in a chunk', [`${chunked}a\r\nabc`], 'end'],
    ['in the last chunk', [`${chunked}3\r\nabc\r\n0\r\n`], 'end'],
    ['without a last chunk, with a reset', [`${chunked}3\r\nabc\r\n`], 'reset'],
    ['with a reset, where the connection is the end', [`${ok}\r\n`, csv], 'reset'],
    ['in its gzip, where the connection is the end', [`${ok}\r\n`, packed.subarray(0, -1)], 'end'],
  ] as const)('%s is an error', async (_, pieces, then) => {
    await using files = await startRaw(pieces, then);
    expect(await problem(files.link)).toMatchObject(trouble(/^The download of the report's file .+\.$/));
  });

  test('is told from one that ends with its connection', async () => {
    await using files = await startRaw(['HTTP/1.0 200 OK\r\n\r\n', csv]);
    expect((await read(files.link)).toString()).toBe(csv);
  });

  test('gives what came until then', async () => {
    await using files = await startRaw([`${sized}12345`]);
    const seen: string[] = [];
    const reading = async () => {
      for await (const chunk of openFile(files.link, named)) seen.push(chunk.toString());
    };
    await expect(reading()).rejects.toMatchObject(trouble(/./));
    expect(seen.join('')).toBe('12345');
  });

  test('is not tried again', async () => {
    await using files = await startFiles((request) => request.socket.destroy());
    await problem(files.link);
    expect(files.received).toHaveLength(1);
  });

  test('can be called off before it begins, while it waits and while it comes', async () => {
    const calledOff = trouble(/was called off/);
    await using files = await startFiles((request, response) => {
      if (request.url?.startsWith('/begun')) response.write(csv);
    });
    expect(await problem(files.link, { fileHosts, signal: AbortSignal.abort() })).toMatchObject(calledOff);

    const caller = new AbortController();
    const waiting = problem(files.link, { fileHosts, signal: caller.signal });
    await until(() => files.received.length === 1);
    caller.abort(new Error(secret));
    expect(await waiting).toMatchObject(calledOff);

    const other = new AbortController();
    const begun = openFile(`http://127.0.0.1:${files.port}/begun`, { fileHosts, signal: other.signal });
    await begun.next();
    const next = begun.next();
    other.abort();
    await expect(next).rejects.toMatchObject(calledOff);
    await until(() => files.sockets.size === 0);
  });
});

describe('an answer', () => {
  test.each([400, 401, 403, 404, 410])('%d may be mended by a fresh link', async (status) => {
    await using files = await startFiles((_, response) => response.writeHead(status).end('expired'));
    expect(await problem(files.link)).toMatchObject({ code: 'NOT_FOUND', providerCode: String(status) });
  });

  test.each([408, 425, 429, 500, 502, 503])('%d may be better later', async (status) => {
    await using files = await startFiles((_, response) => response.writeHead(status).end('sorry'));
    expect(await problem(files.link)).toMatchObject(trouble(new RegExp(`HTTP status ${status}`)));
  });

  test.each([201, 204, 206, 300, 304, 405, 416, 418, 451])('%d is refused', async (status) => {
    await using files = await startFiles((_, response) => response.writeHead(status).end());
    expect(await problem(files.link)).toMatchObject(refusal(new RegExp(`HTTP status ${status}`)));
  });

  test('that is no HTTP is trouble', async () => {
    await using files = await startRaw(['SSH-2.0-OpenSSH_9.7\r\n']);
    expect(await problem(files.link)).toMatchObject(trouble(/failed \(HPE_/));
  });
});

describe('a name', () => {
  // Of the part of IPv6 that has not been given to anybody: public, and nobody is there.
  const nobody = '3000::1';

  test.each([
    ['a private address', ['10.0.0.1']],
    ['loopback', ['127.0.0.1']],
    ['a public address and a private one', ['8.8.8.8', '127.0.0.1']],
    ['a private address after many', [nobody, '8.8.8.8', 'fd00::1']],
    ['a mapped address', ['::ffff:8.8.8.8']],
    ['what is no address', ['localhost']],
  ])('that stands for %s is refused', async (_, addresses) => {
    const hosts = resolver(addresses);
    await using files = await startFiles((_request, response) => response.end(csv));
    const link = `https://rebound.example:${files.port}/?${secret}`;
    const message = /rebound\.example is not a public address/;
    expect(await problem(link, { fileHosts, resolve: hosts.resolve })).toMatchObject(refusal(message));
    expect([hosts.asked, files.connections()]).toEqual([['rebound.example'], 0]);
  });

  test('is asked for once: an answer that changes after the check is never heard', async () => {
    const hosts = resolver([nobody], ['127.0.0.1']);
    await using files = await startFiles((_, response) => response.end(csv));
    const link = `https://rebound.example:${files.port}/?${secret}`;
    const options = { fileHosts, resolve: hosts.resolve, limits: { responseMs: 200 } };
    expect(await problem(link, options)).toMatchObject(trouble(/failed|did not begin/));
    expect([hosts.asked, files.connections()]).toEqual([['rebound.example'], 0]);
  });

  test.each(['localhost', 'LOCALHOST', 'localhost.'])('%s is refused like any other', async (host) => {
    await using files = await startFiles((_, response) => response.end(csv));
    const { resolve } = resolver(['127.0.0.1']);
    const link = `https://${host}:${files.port}/?${secret}`;
    const refused = refusal(/localhost\.? is not a public address/);
    expect(await problem(link, { fileHosts, resolve })).toMatchObject(refused);
    // What the system says of it, which may be nothing.
    await problem(link);
    expect(files.connections()).toBe(0);
  });
});
