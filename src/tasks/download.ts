import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { addAbortListener } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import got, { type PlainResponse, type Request } from 'got';
import { ProblemError } from '../model/problem.ts';
import { isNamedHost, isPublicAddress, literalAddress } from './address.ts';

export interface DownloadLimits {
  /** Until each server, that of a redirect too, has begun to answer. */
  readonly responseMs: number;
  /** Between two pieces of the file, while we wait for them. */
  readonly idleMs: number;
  /** From first to last, whoever is slow. */
  readonly wholeMs: number;
  /** As it comes over the wire. */
  readonly transferredBytes: number;
  /** Once it is unpacked. */
  readonly unpackedBytes: number;
}

export interface DownloadOptions {
  /** Hosts that a file may come from though they are not public, or not spoken to over https. */
  readonly fileHosts: readonly string[];
  readonly signal?: AbortSignal;
  readonly limits?: Partial<DownloadLimits>;
  /** Gives all addresses of a host; the system's resolver unless said. */
  readonly resolve?: (hostname: string) => Promise<readonly LookupAddress[]>;
}

/** One download at work. */
interface Download extends DownloadOptions {
  readonly limits: DownloadLimits;
  /** Its abort ends everything; the reason is the problem to tell. */
  readonly stop: AbortController;
}

const usualLimits: DownloadLimits = {
  responseMs: 15_000,
  idleMs: 30_000,
  wholeMs: 15 * 60_000,
  transferredBytes: 2 ** 30,
  unpackedBytes: 4 * 2 ** 30,
};

const mostRedirects = 5;
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];
/** How storage says that a link has run out; 400: what it was signed with has. */
const expiredStatuses: readonly number[] = [400, 401, 403, 404, 410];
const laterStatuses: readonly number[] = [408, 425, 429];
const knownEncodings: readonly string[] = ['', 'identity', 'gzip', 'x-gzip'];
const gzipMagic = Buffer.from([0x1f, 0x8b]);

/**
 * The bytes of a report's file, unpacked where it is gzip, a chunk at a time and no faster than they are read. Nothing
 * is asked for before the first is wanted; leaving the loop, `return()` and disposal end the download. Nothing is
 * tried twice, and neither keys nor cookies go out. Source: providers/README.md, 1.5 ("[URL to AWS]").
 * @param link may be signed, and so a secret: messages hold no more of it than the host
 * @throws ProblemError, while it is read: PROVIDER_BAD_RESPONSE where link or file are refused for good,
 * PROVIDER_UNAVAILABLE where it may do later, also when the file breaks off; NOT_FOUND where only a fresh link may do
 */
export async function* openFile(link: string, options: DownloadOptions): AsyncGenerator<Buffer, void> {
  const limits = { ...usualLimits, ...options.limits };
  const stop = new AbortController();
  const download: Download = { ...options, limits, stop };
  using _ = options.signal && addAbortListener(options.signal, () => stop.abort(later('was called off')));
  using _whole = stopAfter(download, limits.wholeMs, 'took longer than');
  try {
    const file = await request(link, download);
    // Twice, since a packed file may have been packed once more on its way.
    yield* unpack(unpack(receive(file, download), limits), limits);
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : problemOf(error);
  } finally {
    stop.abort();
  }
}

/** The answer that holds the file. Each redirect is checked like the link itself. */
async function request(link: string, download: Download): Promise<Request> {
  let url = parse(link);
  for (let followed = 0; followed <= mostRedirects; followed++) {
    const answer = await ask(url, download);
    const { statusCode, headers } = answer.response;
    if (statusCode === 200) return answer.request;
    answer.request.destroy();
    if (!redirectStatuses.includes(statusCode)) throw statusProblem(statusCode);
    url = parse(headers.location ?? '', url);
  }
  throw refused(`it is more than ${mostRedirects} redirects away`);
}

function parse(link: string, base?: URL): URL {
  const url = URL.parse(link, base);
  if (url === null || link === '') throw refused('its link, or where that leads, is no URL');
  return url;
}

/** Asks for a URL, if it may be asked at all, and waits for the head of the answer. */
async function ask(url: URL, download: Download): Promise<{ request: Request; response: PlainResponse }> {
  const isNamed = isNamedHost(url.hostname, download.fileHosts);
  if (url.username !== '' || url.password !== '') throw refused('its link holds a user name or a password');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isNamed))
    throw refused('its link is not https');
  const literal = literalAddress(url.hostname);
  if (literal !== null && !isNamed && !isPublicAddress(literal)) throw notPublic(url.hostname);

  using _ = stopAfter(download, download.limits.responseMs, 'did not begin within');
  const request = got.stream(url, {
    // Connections of its own: one that is shared may have been made without the check.
    agent: { http: new HttpAgent(), https: new HttpsAgent() },
    dnsLookup: lookupFor(isNamed, download),
    headers: { 'user-agent': 'campaign-graph', accept: 'text/csv, */*', 'accept-encoding': 'gzip' },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: false,
    signal: download.stop.signal,
  });
  const response = await new Promise<PlainResponse>((resolve, reject) => {
    request.once('response', resolve);
    // It stays: an error that comes while nobody reads would end the process.
    request.on('error', reject);
  });
  return { request, response };
}

/** Looks a host up once, for the check and for the connection, so that no second answer can slip in between. */
function lookupFor(isNamed: boolean, { resolve = lookupAll }: Download): LookupFunction {
  return (hostname, { all }, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        const isOpen = isNamed || addresses.every(({ address }) => isPublicAddress(address));
        if (!first) callback(later(`failed: ${hostname} has no address`), '');
        else if (!isOpen) callback(notPublic(hostname), '');
        else if (all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error) => callback(error, ''),
    );
  };
}

function lookupAll(hostname: string): Promise<LookupAddress[]> {
  return lookup(hostname, { all: true });
}

/** The body as it comes over the wire. That it does not end early is seen to by got (`strictContentLength`). */
async function* receive(file: Request, download: Download): AsyncGenerator<Buffer, void> {
  const { idleMs, transferredBytes } = download.limits;
  const headers = file.response?.headers ?? {};
  const encodings = (headers['content-encoding'] ?? '').toLowerCase().split(',');
  if (!encodings.every((name) => knownEncodings.includes(name.trim()))) {
    throw refused('it is packed with something else than gzip');
  }
  if (Number(headers['content-length'] ?? 0) > transferredBytes) throw tooLarge(transferredBytes);

  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    // Such a body ends with its connection (RFC 9112, 6.3), and got takes a broken one for a closed one.
    file.response?.socket.once('error', () => download.stop.abort(later('broke off')));
  }

  const chunks: AsyncIterator<Buffer> = file[Symbol.asyncIterator]();
  async function nextChunk() {
    // Runs only while we wait: that we are slow ourselves is not the server's fault.
    using _ = stopAfter(download, idleMs, 'stood still for');
    return await chunks.next();
  }
  let size = 0;
  for (let next = await nextChunk(); !next.done; next = await nextChunk()) {
    size += next.value.length;
    if (size > transferredBytes) throw tooLarge(transferredBytes);
    yield next.value;
  }
}

/** Unpacks what begins as gzip does, whatever the server calls it; lets all else through. */
async function* unpack(
  bytes: AsyncGenerator<Buffer, void>,
  limits: DownloadLimits,
): AsyncGenerator<Buffer, void> {
  let start = Buffer.alloc(0);
  while (start.length < gzipMagic.length) {
    const next = await bytes.next();
    if (next.done) break;
    start = Buffer.concat([start, next.value]);
  }
  async function* whole() {
    yield start;
    yield* bytes;
  }
  const isPacked = start.subarray(0, gzipMagic.length).equals(gzipMagic);
  // Errors reach the one who reads.
  const content = isPacked ? pipeline(whole, createGunzip({ chunkSize: 65_536 }), () => {}) : whole();
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > limits.unpackedBytes) throw tooLarge(limits.unpackedBytes, ' once it is unpacked');
    yield chunk;
  }
}

/** Ends a download that takes too long, unless it is disposed of in time. */
function stopAfter({ stop }: Download, ms: number, what: string): Disposable {
  return setTimeout(() => stop.abort(later(`${what} ${ms / 1000} s`)), ms);
}

function statusProblem(status: number): ProblemError {
  const providerCode = String(status);
  if (expiredStatuses.includes(status)) {
    const message = `The link to the report's file does not work any more (HTTP status ${status}).`;
    return new ProblemError('NOT_FOUND', message, { providerCode });
  }
  const isLater = status >= 500 || laterStatuses.includes(status);
  return isLater
    ? later(`failed (HTTP status ${status})`, providerCode)
    : refused(`its link is answered with HTTP status ${status}`, providerCode);
}

/** Errors of the network hold the URL: no more than their code is told, and none is passed on as a cause. */
function problemOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ProblemError) return error;
  if (error.cause instanceof ProblemError) return error.cause;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  if (code === null) return error;
  if (code === 'Z_BUF_ERROR') return later('broke off: its gzip has no end');
  if (code.startsWith('Z_')) return refused("it is damaged, and can't be unpacked");
  return later(`failed (${code})`);
}

function later(what: string, providerCode: string | null = null): ProblemError {
  const message = `The download of the report's file ${what}.`;
  return new ProblemError('PROVIDER_UNAVAILABLE', message, { providerCode });
}

function refused(why: string, providerCode: string | null = null): ProblemError {
  return new ProblemError('PROVIDER_BAD_RESPONSE', `The report's file is refused: ${why}.`, { providerCode });
}

function notPublic(host: string): ProblemError {
  return refused(`${host} is not a public address`);
}

function tooLarge(bytes: number, when = ''): ProblemError {
  const gibibytes = bytes / 2 ** 30;
  const limit = Number.isInteger(gibibytes) ? `${gibibytes} GiB` : `${bytes} bytes`;
  return refused(`it is larger than ${limit}${when}`);
}
