import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { manyRows, type SelzyQuirks, type Simulator, startSimulator } from '../src/simulator/simulator.ts';
import { until } from './support/wait.ts';

const started = z.object({ result: z.object({ task_uuid: z.uuid() }) });
const completed = z.object({ result: z.object({ file_to_download: z.url() }) });

/** Tasks end at once; the clock is the test's. */
async function quick(selzyQuirks: Partial<SelzyQuirks> = {}) {
  const clock = { at: Date.parse('2026-03-01T10:00:00Z') };
  const now = () => clock.at;
  const simulator = await startSimulator({ campaigns: 0, selzyTaskSeconds: 0, now, selzyQuirks });
  return { clock, simulator, selzy: simulator.providers.selzy, [Symbol.asyncDispose]: simulator.stop };
}

async function ask(
  { providers }: Simulator,
  method: string,
  fields: Record<string, string>,
): Promise<unknown> {
  const { baseUrl, apiKey: api_key } = providers.selzy;
  const body = new URLSearchParams({ ...fields, api_key });
  const response = await fetch(`${baseUrl}/async/${method}`, { method: 'POST', body });
  return response.json();
}

/** Has a report made on so many recipients, and gives what asks for a fresh link to it. */
async function reportOn(simulator: Simulator, recipients = 40): Promise<() => Promise<string>> {
  const campaign_id = simulator.providers.selzy.add({ counters: { recipients, sent: recipients } });
  const begun = started.parse(await ask(simulator, 'getCampaignDeliveryStats', { campaign_id }));
  const { task_uuid } = begun.result;
  return async () => {
    const answer = completed.parse(await ask(simulator, 'getTaskResult', { task_uuid }));
    return answer.result.file_to_download;
  };
}

/** The bytes of a report as they come, with nothing unpacked and redirects not followed. */
async function download(url: string): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
  const { status, headers, body } = await fetch(url, { redirect: 'manual' });
  const bytes = Buffer.from(await new Response(body).arrayBuffer());
  return { status, headers, bytes };
}

const statusOf = async (url: string) => (await download(url)).status;

describe('a link', () => {
  test('is signed, and fresh each time it is asked for', async () => {
    await using world = await quick();
    const freshLink = await reportOn(world.simulator);
    const [first, second] = [await freshLink(), await freshLink()];
    expect(first).not.toBe(second);
    expect([await statusOf(first), await statusOf(second)]).toEqual([200, 200]);
    expect(await statusOf(first.replace(/\?.*/, ''))).toBe(403);
    const other = new URL(await (await reportOn(world.simulator))());
    expect(await statusOf(first.replace(/\?.*/, other.search))).toBe(403);
  });

  test('expires after a time', async () => {
    await using world = await quick({ linkLastsMs: 60_000 });
    const freshLink = await reportOn(world.simulator);
    const link = await freshLink();
    world.clock.at += 59_999;
    expect(await statusOf(link)).toBe(200);
    world.clock.at += 1;
    const { status, bytes } = await download(link);
    expect({ status, body: String(bytes) }).toMatchObject({
      status: 403,
      body: expect.stringContaining('expired'),
    });
    expect(await statusOf(await freshLink())).toBe(200);
  });

  test('works so many times, and a broken download is one of them', async () => {
    await using world = await quick({ linkFetches: 2, cutDownloads: 1 });
    const freshLink = await reportOn(world.simulator);
    const link = await freshLink();
    await expect(download(link)).rejects.toThrow();
    expect([await statusOf(link), await statusOf(link)]).toEqual([200, 403]);
    expect(await statusOf(await freshLink())).toBe(200);
  });

  test('leads by a redirect to the file, which counts once', async () => {
    await using world = await quick({ redirect: 'path', linkFetches: 1 });
    const freshLink = await reportOn(world.simulator);
    const link = await freshLink();
    const { status, headers } = await download(link);
    expect(status).toBe(302);
    const moved = new URL(headers.get('location') ?? '', link);
    expect(moved.origin).toBe(world.simulator.url);
    expect(await statusOf(moved.href)).toBe(200);
    expect([await statusOf(link), await statusOf(moved.href)]).toEqual([403, 403]);
    const followed = await fetch(await freshLink());
    expect({ status: followed.status, redirected: followed.redirected }).toEqual({
      status: 200,
      redirected: true,
    });
  });

  test('leads by a redirect to wherever a test says', async () => {
    await using world = await quick({ redirect: 'url' });
    const link = await (await reportOn(world.simulator))();
    expect((await download(link)).headers.get('location')).toMatch(/^http:\/\/169\.254\./);
    world.selzy.quirks.redirectUrl = 'http://[::1]:1/inside';
    const { status, headers } = await download(link);
    expect([status, headers.get('location')]).toEqual([302, 'http://[::1]:1/inside']);
  });
});

test('every fetch of a file is recorded, with its headers', async () => {
  await using world = await quick({ linkFetches: 2 });
  const link = await (await reportOn(world.simulator))();
  await fetch(link, { headers: { cookie: 'a=b', authorization: 'Bearer key' } });
  world.selzy.quirks.gzip = 'file';
  await download(link);
  await download(link);
  const { downloads, requests } = world.selzy;
  expect(downloads.map(({ status }) => status)).toEqual([200, 200, 403]);
  expect(downloads).toEqual(requests.filter(({ operation }) => operation === 'file'));
  expect(downloads[0]?.headers).toMatchObject({ cookie: 'a=b', authorization: 'Bearer key' });
  expect(downloads[1]?.headers).not.toHaveProperty('cookie');
  expect(downloads[1]?.target).toBe(link.replace(/.*\/selzy\/files/, ''));
});

describe('a file can be', () => {
  /** A report as it should be, and what comes of it with quirks. */
  async function both(quirks: Partial<SelzyQuirks>, recipients?: number) {
    await using world = await quick();
    const link = await (await reportOn(world.simulator, recipients))();
    const plain = String((await download(link)).bytes);
    Object.assign(world.selzy.quirks, quirks);
    const { headers, bytes } = await download(link);
    return { plain, headers, bytes };
  }

  test('packed for the way', async () => {
    const { plain, headers, bytes } = await both({ gzip: 'encoding' });
    expect(headers.get('content-encoding')).toBe('gzip');
    // fetch unpacks what is called packed.
    expect(String(bytes)).toBe(plain);
  });

  test('packed, of which nothing tells', async () => {
    const { plain, headers, bytes } = await both({ gzip: 'file' });
    expect(headers.get('content-encoding')).toBeNull();
    expect(String(gunzipSync(bytes))).toBe(plain);
  });

  test.each([',', ';', '\t'] as const)('written with %j, a BOM and CRLF', async (delimiter) => {
    const { plain, bytes } = await both({ delimiter, byteOrderMark: true, lineEnd: '\r\n' });
    expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    const lines = String(bytes).split('\r\n');
    expect(lines[0]).toBe(`\uFEFF${['email', 'send_result', 'last_update'].join(delimiter)}`);
    expect(lines).toHaveLength(42);
    expect(parse(bytes, { delimiter, bom: true })).toEqual(parse(plain));
  });

  test('broken in some lines, which come on top of its rows', async () => {
    const { plain, bytes } = await both({ brokenLines: ['fewCells', 'strayQuote', 'openQuote'] });
    const lines = String(bytes).split('\n');
    expect([lines[2], lines[4], lines[6]]).toEqual([
      'broken1@example.com',
      'bro"ken2@example.com,ok_read,"2026-01-01 09:00:00"',
      'broken3@example.com,"ok_read',
    ]);
    expect(lines.filter((line) => !/bro"?ken/.test(line)).join('\n')).toBe(plain);
  });

  test('broken at its end, when it has fewer rows', async () => {
    const { plain, bytes } = await both({ brokenLines: ['fewCells', 'fewCells'] }, 1);
    expect(String(bytes)).toBe(`${plain}broken1@example.com\nbroken2@example.com\n`);
  });

  test('empty', async () => {
    const { headers, bytes } = await both({ body: 'empty' });
    expect([headers.get('content-type'), bytes.length]).toEqual(['text/csv; charset=utf-8', 0]);
  });

  test('a page', async () => {
    const { headers, bytes } = await both({ body: 'html' });
    expect(headers.get('content-type')).toContain('text/html');
    expect(String(bytes)).toMatch(/^<!DOCTYPE html>/);
  });

  test('a file of the test’s own', async () => {
    const row = (index: number) => [`a${index}@example.com`, 'ok "new"'];
    const { bytes } = await both({ table: { header: ['Phone', 'Result'], rowCount: 2, row } });
    expect(String(bytes)).toBe('Phone,Result\na0@example.com,"ok ""new"""\na1@example.com,"ok ""new"""\n');
  });
});

describe('a download can', () => {
  /** What came before the connection was dropped. */
  async function received(link: string): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    const { body } = await fetch(link);
    const reading = async () => {
      for await (const chunk of body ?? []) chunks.push(chunk);
    };
    await expect(reading()).rejects.toThrow();
    return Buffer.concat(chunks);
  }

  test('break off in the middle, so many times', async () => {
    await using world = await quick({ cutDownloads: 2 });
    const link = await (await reportOn(world.simulator))();
    const parts = [String(await received(link)), String(await received(link))];
    const whole = String((await download(link)).bytes);
    for (const part of parts) {
      expect(whole.startsWith(part)).toBe(true);
      expect(part.length).toBeGreaterThan(whole.length / 4);
      expect(part.length).toBeLessThan(whole.length * 0.75);
    }
    expect(world.selzy.quirks.cutDownloads).toBe(0);
    expect(world.selzy.downloads.map(({ status }) => status)).toEqual([null, null, 200]);
  });

  test('break off before the end of what is packed', async () => {
    await using world = await quick({ cutDownloads: 1, gzip: 'file', table: manyRows(5_000) });
    const link = await (await reportOn(world.simulator))();
    const part = await received(link);
    expect(part.length).toBeGreaterThan(10_000);
    expect(() => gunzipSync(part)).toThrow('unexpected end of file');
  });

  test.each(['none', 'file'] as const)('stand still on its way (gzip: %s)', async (gzip) => {
    await using world = await quick({ gzip, pauseMs: 60_000 });
    const { body } = await fetch(await (await reportOn(world.simulator))());
    let size = 0;
    let isWhole = false;
    const reading = async () => {
      for await (const chunk of body ?? []) size += chunk.length;
      isWhole = true;
    };
    const read = reading();
    await until(() => size > 0);
    const first = size;
    world.clock.at += 60_000;
    await until(() => size > first);
    expect(isWhole).toBe(false);
    world.selzy.quirks.pauseMs = 0;
    await read;
    expect(size).toBeGreaterThan(first * (gzip === 'none' ? 8 : 1));
  });

  test('be given up by its client or its server while it stands still', async () => {
    await using world = await quick({ pauseMs: Number.POSITIVE_INFINITY });
    const link = await (await reportOn(world.simulator))();
    const left = await fetch(link);
    await left.body?.cancel();
    const kept = await fetch(link);
    await world.simulator.stop();
    await expect(kept.text()).rejects.toThrow();
  });

  test('be a million rows, none made before it is wanted', async () => {
    let made = 0;
    const many = manyRows(1_000_000);
    const row = (index: number) => {
      made += 1;
      return many.row(index);
    };
    await using world = await quick({ table: { ...many, row } });
    const link = await (await reportOn(world.simulator))();
    const { body } = await fetch(link);
    const reader = body?.getReader();
    await reader?.read();
    expect(made).toBeLessThan(500_000);
    await reader?.cancel();

    world.selzy.quirks.table = manyRows(1_000_000);
    const { body: whole } = await fetch(link);
    let lines = 0;
    for await (const chunk of whole ?? []) {
      for (const byte of chunk) if (byte === 10) lines += 1;
    }
    expect(lines).toBe(1_000_001);
  });

  test('fail as calls can', async () => {
    await using world = await quick();
    const link = await (await reportOn(world.simulator))();
    world.selzy.fault({ kind: 'dropMidBody' }, { operation: 'file', times: 1 });
    const part = await received(link);
    expect((await download(link)).bytes.subarray(0, part.length)).toEqual(part);
  });
});

test('rows made in large numbers say of each recipient what it is to be', async () => {
  await using world = await quick({ table: manyRows(20) });
  const { body } = await fetch(await (await reportOn(world.simulator))());
  const rows: string[][] = parse(body ? await text(body) : '');
  expect(rows).toHaveLength(21);
  expect(rows[1]).toEqual(['reader1@example.com', 'ok_delivered', '2026-01-01 09:00:00']);
  expect(rows[20]).toEqual(['reader20@example.com', 'err_mailbox_full', '2026-01-01 09:00:19']);
});
