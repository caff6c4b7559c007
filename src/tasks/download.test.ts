import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { type Answer, type Received, startSampleServer } from '../../test/support/sample-server.ts';
import { type ProblemCode, ProblemError } from '../model/problem.ts';
import { type DownloadOptions, openFile } from './download.ts';

// What a download is refused before anybody is connected to. How files come is in test/report-download.test.ts.

const fileHosts = ['127.0.0.1'];
const csv = 'email,send_result\none@example.com,ok_read\n';
const secret = 'sig=s3cr3t';

async function read(link: string, options: DownloadOptions = { fileHosts }): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of openFile(link, options)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The problem that a download ends with. Its link's secret is nowhere in it. */
async function problem(link: string, options?: DownloadOptions): Promise<ProblemError> {
  const error: unknown = await read(link, options).catch((thrown) => thrown);
  if (!(error instanceof ProblemError)) throw new Error('This is no problem.', { cause: error });
  expect(`${error.message} ${error.stack} ${error.cause}`).not.toMatch(/s3cr3t|sig=|hunter2/);
  return error;
}

function refusal(message: RegExp): { code: ProblemCode; message: unknown } {
  return { code: 'PROVIDER_BAD_RESPONSE', message: expect.stringMatching(message) };
}

function trouble(message: RegExp): { code: ProblemCode; message: unknown } {
  return { code: 'PROVIDER_UNAVAILABLE', message: expect.stringMatching(message) };
}

/** A resolver that gives these addresses in turn, the last for good, and keeps what it was asked. */
function resolver(...answers: readonly string[]) {
  const asked: string[] = [];
  return {
    asked,
    async resolve(hostname: string): Promise<LookupAddress[]> {
      const address = answers[Math.min(asked.push(hostname), answers.length) - 1];
      return address === undefined ? [] : [{ address, family: 4 }];
    },
  };
}

/** A server that gives the file to whoever asks for /file, and answers all else as told. */
async function startFiles(answer: (received: Received) => Answer = () => ({ body: csv })) {
  const server = await startSampleServer((received) =>
    received.url.startsWith('/file') ? { body: csv } : answer(received),
  );
  const { port } = new URL(server.url);
  return Object.assign(server, { port, link: `${server.url}/report.csv?${secret}` });
}

function moved(location: string, status = 302): Answer {
  return { status, headers: { location, 'set-cookie': 'a=b' }, body: 'moved' };
}

describe('a link', () => {
  test.each([
    ['', /no URL/],
    ['report.csv', /no URL/],
    ['//files.example.com/a', /no URL/],
    ['http://files.example.com/', /not https/],
    ['HTTP://127.0.0.2/', /not https/],
    ['ftp://127.0.0.1/a', /not https/],
    ['file:///etc/passwd', /not https/],
    ['data:text/csv,a', /not https/],
    [`https://user:hunter2@files.example.com/?${secret}`, /user name or a password/],
    [`http://user@127.0.0.1/?${secret}`, /user name or a password/],
    ['https://127.0.0.2/', /127\.0\.0\.2 is not a public address/],
    ['https://2130706434/', /127\.0\.0\.2 is not a public address/],
    ['https://[::1]/', /\[::1\] is not a public address/],
    ['https://[::ffff:127.0.0.1]/', /not a public address/],
    ['https://192.168.1.1:8443/', /not a public address/],
  ])('%s is refused', async (link, message) => {
    const { asked, resolve } = resolver('127.0.0.1');
    const error = await problem(link, { fileHosts, resolve });
    expect(error).toMatchObject(refusal(message));
    expect(error.message).not.toContain('user:');
    expect(asked).toEqual([]);
  });

  test('to a named host may be http and private, by name or by address', async () => {
    await using files = await startFiles();
    const { asked, resolve } = resolver('127.0.0.1');
    const link = `http://Files.Internal:${files.port}/`;
    expect(await read(link, { fileHosts: ['files.INTERNAL'], resolve })).toBe(csv);
    expect(await problem(link, { fileHosts, resolve })).toMatchObject(refusal(/not https/));
    expect(await read(files.link, { fileHosts, resolve })).toBe(csv);
    expect(asked).toEqual(['files.internal']);
  });

  test('to a named host is followed over https where it says so', async () => {
    await using files = await startFiles();
    const link = `https://127.0.0.1:${files.port}/?${secret}`;
    expect(await problem(link)).toMatchObject(trouble(/failed \(/));
    expect(files.received).toEqual([]);
  });

  test('to a host that nobody knows is trouble', async () => {
    const link = `https://files.example.com/?${secret}`;
    const missing = () => Promise.reject(Object.assign(new Error(secret), { code: 'ENOTFOUND' }));
    expect(await problem(link, { fileHosts, resolve: missing })).toMatchObject(trouble(/ENOTFOUND/));
    const { resolve } = resolver();
    expect(await problem(link, { fileHosts, resolve })).toMatchObject(trouble(/has no address/));
  });

  test('to a port that nobody listens on is trouble', async () => {
    const files = await startFiles();
    await files[Symbol.asyncDispose]();
    expect(await problem(files.link)).toMatchObject(trouble(/ECONNREFUSED/));
  });
});

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])('%d is followed, relative ones too', async (status) => {
    await using files = await startFiles(() => moved('/file', status));
    expect(await read(files.link)).toBe(csv);
    expect(files.received).toMatchObject([
      { method: 'GET', url: `/report.csv?${secret}` },
      { method: 'GET', url: '/file' },
    ]);
    expect(files.received[1]?.headers).not.toHaveProperty('referer');
    expect(files.received[1]?.headers).not.toHaveProperty('cookie');
  });

  test('is followed five times and no more', async () => {
    await using files = await startFiles(({ url }) => {
      const left = Number.parseInt(url.slice(1), 10) - 1;
      return moved(left === 0 ? '/file' : `/${left}?${secret}`);
    });
    expect(await read(`${files.url}/5?${secret}`)).toBe(csv);
    expect(await problem(`${files.url}/6?${secret}`)).toMatchObject(refusal(/more than 5 redirects/));
    expect(files.received).toHaveLength(6 + 6);
  });

  test.each([
    ['a private address', 'https://10.0.0.1/'],
    ['an address of the link', 'https://169.254.169.254/latest/meta-data'],
    ['a mapped address', 'https://[::ffff:127.0.0.1]/'],
    ['an odd spelling', 'https://0x7f.2/'],
    ['a scheme-relative address', '//127.0.0.2/'],
    ['plain http', 'http://files.example.com/'],
    ['a file', 'file:///etc/passwd'],
    ['a socket', 'unix:/var/run/docker.sock:/'],
    ['data', 'data:text/csv,a'],
    ['a user name', 'https://user@files.example.com/'],
    ['a password', 'http://:hunter2@127.0.0.1/'],
    ['nowhere', ''],
    ['no URL', 'https://[/'],
  ])('to %s is refused', async (_, location) => {
    const { asked, resolve } = resolver('127.0.0.1');
    await using files = await startFiles(() => moved(location));
    expect(await problem(files.link, { fileHosts, resolve })).toMatchObject(refusal(/is refused: /));
    expect([files.received.length, asked]).toEqual([1, []]);
  });

  test('without a location is refused', async () => {
    await using files = await startFiles(() => ({ status: 302, body: '' }));
    expect(await problem(files.link)).toMatchObject(refusal(/no URL/));
  });

  test('from a named host to one that is not named is refused', async () => {
    const { resolve } = resolver('127.0.0.1');
    for (const [scheme, message] of [
      ['http', /not https/],
      ['https', /localhost is not a public address/],
    ] as const) {
      await using files = await startFiles(() => moved(`${scheme}://localhost:${files.port}/file?${secret}`));
      expect(await problem(files.link, { fileHosts, resolve })).toMatchObject(refusal(message));
      expect(files.received).toHaveLength(1);
    }
  });

  test('to another named host is followed', async () => {
    const { resolve } = resolver('127.0.0.1');
    await using files = await startFiles(() => moved(`http://files.internal:${files.port}/file`));
    expect(await read(files.link, { fileHosts: ['127.0.0.1', 'files.internal'], resolve })).toBe(csv);
  });

  test('is looked up anew, and each answer is checked', async () => {
    const { asked, resolve } = resolver('127.0.0.1', '10.0.0.1');
    await using files = await startFiles(() => moved('https://rebound.example/file'));
    const link = `http://named.example:${files.port}/?${secret}`;
    const error = await problem(link, { fileHosts: ['named.example'], resolve });
    expect(error).toMatchObject(refusal(/rebound\.example is not a public address/));
    expect(asked).toEqual(['named.example', 'rebound.example']);
  });
});
