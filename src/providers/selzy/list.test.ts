import { expect, test } from 'vitest';
import {
  openConnection,
  type Received,
  readSample,
  startSampleServer,
} from '../../../test/support/sample-server.ts';
import type { CampaignReading } from '../../model/campaign.ts';
import type { CampaignSource } from '../provider.ts';
import { selzy } from './index.ts';

const call = { priority: 'poll' } as const;

function open(baseUrl: string): CampaignSource {
  return selzy.open({ apiKey: 'key-1', baseUrl: `${baseUrl}/en/api` }, openConnection());
}

function formOf(received: Received | undefined) {
  return Object.fromEntries(new URLSearchParams(received?.body));
}

async function listAll(source: CampaignSource): Promise<CampaignReading[]> {
  const all: CampaignReading[] = [];
  for await (const page of source.list?.pages(call) ?? []) all.push(...page);
  return all;
}

test('the documented list is read, its times as UTC', async () => {
  const sample = await readSample('selzy', 'campaigns');
  await using server = await startSampleServer(() => sample);
  const source = open(server.url);
  expect(source.list?.covers).toBe('status');
  expect(await listAll(source)).toStrictEqual([
    {
      externalId: '6626556',
      channel: 'EMAIL',
      name: ', special offers ...',
      sender: 'test',
      status: 'QUEUED',
      providerStatus: 'waits_schedule',
      statusReason: null,
      scheduledAt: Date.UTC(2015, 8, 28, 10, 3, 59),
      startedAt: null,
      raw: Object(sample.body).result[0],
      warnings: [],
    },
  ]);
});

test('one unreadable entry does not spoil the list', async () => {
  const entries = [
    null,
    'x',
    { status: 'completed' },
    { id: 5 },
    { id: '7', status: 'in_progress', sender_name: 'A', sender_email: 'a@b.c', subject: '' },
    { id: '8', status: 'in_progress', sender_email: 'a@b.c', start_time: null },
  ];
  await using server = await startSampleServer(() => ({ body: { result: entries } }));
  expect(await listAll(open(server.url))).toMatchObject([
    { externalId: '7', status: 'SENDING', sender: 'A <a@b.c>', name: null },
    { externalId: '8', status: 'SENDING', sender: 'a@b.c', startedAt: null },
  ]);
});

test('a list longer than a page is read page by page, up to a short one', async () => {
  const all = Array.from({ length: 2_500 }, (_, id) => ({ id, status: 'scheduled' }));
  await using server = await startSampleServer((received) => {
    const { limit, offset } = formOf(received);
    return { body: { result: all.slice(Number(offset), Number(offset) + Number(limit)) } };
  });
  const readings = await listAll(open(server.url));
  expect(readings.map(({ externalId }) => externalId)).toEqual(all.map(({ id }) => String(id)));
  expect(server.received.map((received) => formOf(received).offset)).toEqual(['0', '1000', '2000']);
});

test('a server that pays no heed to the offset is not asked for ever', async () => {
  const all = Array.from({ length: 1_000 }, (_, id) => ({ id, status: 'scheduled' }));
  await using server = await startSampleServer(() => ({ body: { result: all } }));
  expect(await listAll(open(server.url))).toHaveLength(1_000);
  expect(server.received).toHaveLength(2);
});

test('an account without campaigns, and one without the method', async () => {
  await using empty = await startSampleServer(() => ({ body: { result: '' } }));
  expect(await listAll(open(empty.url))).toEqual([]);
  await using without = await startSampleServer(() => ({
    body: { error: 'Unknown method', code: 'unknown_method', result: '' },
  }));
  await expect(listAll(open(without.url))).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
});
