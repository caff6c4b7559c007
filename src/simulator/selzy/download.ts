import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { pipeline as pipelineEnd } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import type { Endpoint } from '../protocol.ts';
import type { ProviderServer, RecordedRequest } from '../provider.ts';
import { clockReaches } from './clock.ts';
import type { SelzyQuirks } from './quirks.ts';
import { csvPieces, type ReportTable } from './table.ts';

/** A request for a file. */
export interface RecordedDownload extends RecordedRequest {
  headers: IncomingHttpHeaders;
}

interface DownloadPlan {
  table: ReportTable;
  quirks: SelzyQuirks;
  isCut: boolean;
  now: () => number;
}

/**
 * A file that no text can be. Providers answer with texts: it is thrown past them, to `withDownloads`, and so past the
 * faults that lose an answer.
 */
export class Download extends Error {
  readonly plan: DownloadPlan;

  constructor(plan: DownloadPlan) {
    super('A download is under way.');
    this.plan = plan;
  }
}

/** A provider that also sends downloads from one of its endpoints, and keeps the headers of the requests for them. */
export function withDownloads(
  server: ProviderServer,
  files: Endpoint,
): { server: ProviderServer; downloads: readonly RecordedDownload[] } {
  const downloads: RecordedDownload[] = [];
  const { requests } = server.provider;

  const handle: ProviderServer['handle'] = async (endpoint, incoming, response) => {
    const answered = server.handle(endpoint, incoming, response);
    // A provider records a request before it waits for anything: so far it is the last one.
    const request = requests.at(-1);
    if (endpoint !== files || !request) return answered;
    downloads.push(Object.assign(request, { headers: incoming.headers }));
    try {
      await answered;
    } catch (thrown) {
      if (!(thrown instanceof Download)) throw thrown;
      if (!thrown.plan.isCut) request.status = 200;
      await send(response, thrown.plan);
    }
  };

  return { server: { ...server, handle }, downloads };
}

/** Sends a file as it is made, no faster than it is taken. Rejects when the client leaves. */
async function send(response: ServerResponse, { table, quirks, isCut, now }: DownloadPlan): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());

  async function* pieces(): AsyncGenerator<string, void> {
    const rowCount = isCut ? Math.ceil(table.rowCount / 2) : table.rowCount;
    for (const piece of csvPieces({ ...table, rowCount }, quirks)) {
      yield piece;
      const sentAt = now();
      await clockReaches(() => sentAt + quirks.pauseMs, now, left.signal);
    }
  }

  const { gzip } = quirks;
  response.writeHead(200, {
    'content-type': gzip === 'file' ? 'application/octet-stream' : 'text/csv; charset=utf-8',
    ...(gzip === 'encoding' ? { 'content-encoding': 'gzip' } : {}),
  });
  const csv = Readable.from(pieces(), { highWaterMark: 1 });
  // Flushed after each piece, as a pause would otherwise keep back what came before it.
  const packing = { flush: constants.Z_SYNC_FLUSH };
  const file = gzip === 'none' ? csv : pipeline(csv, createGzip(packing), () => {});
  if (!isCut) return pipelineEnd(file, response);
  await pipelineEnd(file, halveLast, response, { end: false });
  response.socket?.destroySoon();
}

/** Ends in the middle of the last chunk: in a line's, or before gzip's own end. */
async function* halveLast(chunks: AsyncIterable<string | Buffer>): AsyncGenerator<Buffer, void> {
  let last = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (last.length > 0) yield last;
    last = Buffer.from(chunk);
  }
  yield last.subarray(0, last.length >> 1);
}
