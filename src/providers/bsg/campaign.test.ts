import { expect, test } from 'vitest';
import { readSample } from '../../../test/support/sample-server.ts';
import type { CampaignReading } from '../../model/campaign.ts';
import { type Reading, readDetail, readEntry } from './campaign.ts';
import { dataOf } from './wire.ts';

const utc: Reading = { timeZone: 'UTC', channel: 'SMS' };

/** The detail of a campaign as the server would give it, with some members changed. */
async function readWith(changes: object, settings = utc): Promise<CampaignReading> {
  const body = { data: { ...Object(dataOf((await readSample('bsg', 'detail')).body)), ...changes } };
  return readDetail(body, '53651994', body, settings);
}

test('the example of the detail schema: every bucket counts, and a sum that does not fit is told', async () => {
  const sample = await readSample('bsg', 'detail-schema');
  expect(readDetail(sample.body, '53651994', sample.body, utc)).toMatchObject({
    status: 'QUEUED',
    createdAt: Date.UTC(2000, 0, 23, 4, 56, 7),
    stats: {
      final: false,
      counters: {
        recipients: 1,
        messages: 1,
        queued: 1 + 5 + 5 + 2,
        delivered: 0 + 4,
        undelivered: 3 + 7 + 7 + 1,
        failed: 9,
        unreported: 2,
        sent: 6 + 4 + 18 + 2,
        opened: 4,
      },
    },
    cost: { amount: '0.3000000', currency: 'USD' },
    raw: sample.body,
    warnings: ['The statistics add up to 52, while total_messages is 1.'],
  });
});

test.each([
  ['campaign', 'COMPLETED', 'done', Date.UTC(2024, 3, 3, 12, 14, 49)],
  ['campaign-schema', 'QUEUED', 'creation', Date.UTC(2000, 0, 23, 4, 56, 7)],
  ['stopped', 'CANCELED', 'stopped', Date.UTC(2025, 3, 1)],
  ['stopped-abridged', 'CANCELED', 'stopped', Date.UTC(2025, 3, 1)],
  ['stopped-schema', 'QUEUED', 'creation', Date.UTC(2000, 0, 23, 4, 56, 7)],
])('the short form %s tells the status, but no counters and no cost', async (name, status, word, at) => {
  const entry = dataOf((await readSample('bsg', name)).body);
  const reading = readEntry(entry, entry, utc);
  expect(reading).toMatchObject({ status, providerStatus: word, scheduledAt: at, channel: 'SMS' });
  expect(reading).not.toHaveProperty('stats');
  expect(reading).not.toHaveProperty('cost');
});

test.each([
  ['creation', 'QUEUED'],
  ['moderation', 'PENDING_APPROVAL'],
  ['spam', 'REJECTED'],
  ['scheduled', 'SCHEDULED'],
  ['sending', 'SENDING'],
  ['paused', 'PAUSED'],
  ['stopped', 'CANCELED'],
  ['Done', 'COMPLETED'],
])('status %s is %s', async (word, status) => {
  expect(await readWith({ status: word })).toMatchObject({ status, providerStatus: word, warnings: [] });
});

test('an unknown status stays readable', async () => {
  expect(await readWith({ status: 'on_fire' })).toMatchObject({
    status: 'UNKNOWN',
    providerStatus: 'on_fire',
    warnings: ['The status "on_fire" is not documented.'],
  });
});

test.each([
  ['sms', 'SMS'],
  ['viber', 'SMS'],
  ['RCS', 'SMS'],
  ['whatsapp', 'SMS'],
  ['hlr', 'SMS'],
  ['instant', 'PUSH'],
  [null, 'PUSH'],
])('type %s is sent by %s where the account says PUSH', async (type, channel) => {
  expect(await readWith({ type }, { timeZone: 'UTC', channel: 'PUSH' })).toMatchObject({ channel });
});

test.each([
  ['viber', { read: 4 }, 4],
  ['viber', { read: 0 }, 0],
  ['rcs', {}, null],
  ['sms', { read: 0 }, null],
  ['sms', { read: 2 }, 2],
])('%s with %j: %s opened', async (type, statistics, opened) => {
  expect(await readWith({ type, statistics })).toMatchObject({ stats: { counters: { opened } } });
});

test.each([
  [{ started_at: null, start_date: '2024-07-01 10:00:00' }, 'scheduledAt', Date.UTC(2024, 6, 1, 7)],
  [{ started_at: null, start_at: '2024-12-01T10:00:00' }, 'scheduledAt', Date.UTC(2024, 11, 1, 8)],
  [{ started_at: '2024-07-01T10:00:00.000+00:00' }, 'scheduledAt', Date.UTC(2024, 6, 1, 10)],
  [{ actual_start_at: null, real_start_at: '2024-07-01 10:00:00' }, 'startedAt', Date.UTC(2024, 6, 1, 7)],
  [{ created_at: undefined, creation_at: '2024-07-01 10:00:00' }, 'createdAt', Date.UTC(2024, 6, 1, 7)],
  [{ finished_at: '0000-00-00 00:00:00' }, 'finishedAt', null],
])('%j, in Riga: %s', async (changes, name, at) => {
  const reading = await readWith(changes, { timeZone: 'Europe/Riga', channel: 'SMS' });
  expect(reading).toMatchObject({ [name]: at, warnings: [] });
});

test('what can not be read is null and told', async () => {
  const statistics = [
    { delivered: 7, sent: -1 },
    { undelivered: '3', not_service_user: 1 },
  ];
  expect(await readWith({ id: 7, finished_at: 'soon', statistics, total_price: 'a lot' })).toMatchObject({
    finishedAt: null,
    cost: null,
    stats: {
      final: false,
      counters: { queued: null, sent: 11, delivered: 7, undelivered: 4, failed: null, unreported: null },
    },
    warnings: [
      "finished_at can't be read as a time.",
      'The answer is headed with the id 7.',
      'The statistics come in 2 parts, which were added up.',
      "statistics.sent can't be read as a count.",
      'The statistics add up to 11, while total_messages is 10.',
      "total_price can't be read as an amount.",
    ],
  });
});

test('totals may stand inside the statistics, and the data without a wrapper', () => {
  const totals = { total_messages: '2', total_phones: 2, total_price: 0.5, currency: null };
  const body = { id: 1, status: 'stopped', statistics: { ...totals, delivered: 2, scheduled: 0, sent: 0 } };
  expect(readDetail(body, '1', body, utc)).toMatchObject({
    stats: { final: true, counters: { recipients: 2, messages: 2 } },
    cost: { amount: '0.5', currency: null },
    warnings: [],
  });
});

test('what is empty is null, never 0; what is not there is absent', () => {
  const empty = { statistics: [], total_price: null, name: '', actual_start_at: null };
  const body = { data: { id: 1, status: 'scheduled', ...empty } };
  const { raw, ...reading } = readDetail(body, '1', body, utc);
  expect(reading).toStrictEqual({
    externalId: '1',
    channel: 'SMS',
    status: 'SCHEDULED',
    providerStatus: 'scheduled',
    name: null,
    startedAt: null,
    stats: null,
    cost: null,
    warnings: [],
  });
});

test.each([
  [{ start_at: null }, null],
  [{ started_at: null, start_date: '2024-07-01 10:00:00' }, Date.UTC(2024, 6, 1, 10)],
  [{}, undefined],
])('of a moment with several spellings, %j tells %s', (moments, scheduledAt) => {
  expect(readDetail({ status: 'done', ...moments }, '1', null, utc).scheduledAt).toBe(scheduledAt);
});

test('a price inside the statistics that is empty is none', () => {
  const body = { status: 'done', statistics: { total_price: null, delivered: 1 } };
  expect(readDetail(body, '1', body, utc).cost).toBeNull();
});
