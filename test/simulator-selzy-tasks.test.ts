import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  type SelzyQuirks,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../src/simulator/simulator.ts';
import { until } from './support/wait.ts';

const envelope = z.object({
  result: z.unknown(),
  code: z.unknown().optional(),
  error: z.unknown().optional(),
});
const begun = z.object({ task_uuid: z.uuid(), status: z.literal('new') });
const completed = z.object({ status: z.literal('completed'), file_to_download: z.url() });

const at = Date.parse('2026-03-01T10:00:00Z');
const counters = {
  recipients: 200,
  sent: 190,
  delivered: 150,
  opened: 60,
  clicked: 20,
  unsubscribed: 4,
  complained: 2,
  failed: 3,
  hardBounced: 10,
  softBounced: 5,
};

/** Nothing lives by itself; a task takes 30 ms. */
function quiet(options: SimulatorOptions = {}): Promise<Simulator> {
  return startSimulator({ campaigns: 0, speed: 100, ...options });
}

async function ask({ providers }: Simulator, method: string, fields: Record<string, string> | string[][]) {
  const { baseUrl, apiKey } = providers.selzy;
  const body = new URLSearchParams(fields);
  body.set('format', 'json');
  body.set('api_key', apiKey);
  const response = await fetch(`${baseUrl}/async/${method}`, { method: 'POST', body });
  expect(response.status).toBe(200);
  return envelope.parse(await response.json());
}

async function start(simulator: Simulator, fields: Record<string, string> | string[][]): Promise<string> {
  return begun.parse((await ask(simulator, 'getCampaignDeliveryStats', fields)).result).task_uuid;
}

function fileOf(simulator: Simulator, task_uuid: string): Promise<string> {
  return until(async () => {
    const { result } = await ask(simulator, 'getTaskResult', { task_uuid });
    return completed.safeParse(result).data?.file_to_download;
  });
}

/** The lines of a report's file, header first. */
async function report(simulator: Simulator, fields: Record<string, string> | string[][]): Promise<string[]> {
  const response = await fetch(await fileOf(simulator, await start(simulator, fields)));
  expect(response.headers.get('content-type')).toContain('text/csv');
  const csv = await response.text();
  expect(csv.endsWith('\n') && !csv.includes('\r')).toBe(true);
  return csv.trimEnd().split('\n');
}

/** How many rows have each word. */
function tally(words: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

const wordOf = (row: string) => row.split(',')[1] ?? '';
const addressOf = (row: string) => row.split(',')[0] ?? '';
const timeOf = (row: string) => /"([^"]*)"$/.exec(row)?.[1] ?? '';

function rolledUp(words: string[]) {
  const counts = tally(words);
  const sum = (...names: string[]) => names.reduce((total, name) => total + (counts[name] ?? 0), 0);
  const clicked = sum('ok_link_visited');
  const opened = clicked + sum('ok_read');
  const delivered = opened + sum('ok_delivered', 'ok_unsubscribed', 'ok_fbl');
  return {
    recipients: words.length,
    delivered,
    opened,
    clicked,
    unsubscribed: sum('ok_unsubscribed'),
    complained: sum('ok_fbl'),
    unsent: sum('not_sent', 'err_skip_letter'),
  };
}

test('a task is new, then in process, and completed when its time has passed', async () => {
  let now = at;
  await using simulator = await quiet({ now: () => now, speed: 1, selzyTaskSeconds: 20 });
  const id = simulator.providers.selzy.add({ counters });
  const task_uuid = await start(simulator, { campaign_id: id });
  const url = `${simulator.url}/selzy/files/${task_uuid}.csv`;
  now += 19_999;
  expect(await ask(simulator, 'getTaskResult', { task_uuid })).toEqual({
    result: { task_uuid, task_type: 'getCampaignDeliveryStats', status: 'processing' },
  });
  expect((await fetch(url)).status).toBe(404);
  now += 1;
  const file_to_download = expect.stringMatching(/\?signature=[0-9a-f]{32}$/);
  expect(await ask(simulator, 'getTaskResult', { task_uuid })).toEqual({
    result: { task_uuid, task_type: 'exportContacts', status: 'completed', file_to_download },
  });
  const link = new URL(await fileOf(simulator, task_uuid));
  expect(`${link.origin}${link.pathname}`).toBe(url);
  expect((await fetch(link)).status).toBe(200);
  expect(simulator.providers.selzy.requests.at(-1)).toMatchObject({
    operation: 'file',
    target: `/${task_uuid}.csv${link.search}`,
    parameters: Object.fromEntries(link.searchParams),
    status: 200,
  });
});

test('a task lasts three seconds, divided by the speed', async () => {
  let now = at;
  await using simulator = await quiet({ now: () => now, speed: 10 });
  const task_uuid = await start(simulator, { campaign_id: simulator.providers.selzy.add() });
  const status = async () => (await ask(simulator, 'getTaskResult', { task_uuid })).result;
  now += 299;
  expect(await status()).toMatchObject({ status: 'processing' });
  now += 1;
  expect(await status()).toMatchObject({ status: 'completed' });
});

describe('the file', () => {
  test('has a row per recipient, which give the counters when rolled up', async () => {
    await using simulator = await quiet();
    const campaign_id = simulator.providers.selzy.add({ counters });
    const [header, ...rows] = await report(simulator, { campaign_id });
    expect(header).toBe('email,send_result,last_update');
    const shape = /^reader\d+@example\.com,[a-z_]+,"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"$/;
    expect(rows.filter((row) => !shape.test(row))).toEqual([]);
    expect(new Set(rows.map(addressOf)).size).toBe(200);
    const { recipients, delivered, opened, clicked, unsubscribed, complained } = counters;
    const told = { recipients, delivered, opened, clicked, unsubscribed, complained, unsent: 10 };
    expect(rolledUp(rows.map(wordOf))).toEqual(told);
    expect(tally(rows.map(wordOf))).toMatchObject({ ok_sent: 25, err_skip_letter: 3, not_sent: 7 });
    const [, ...again] = await report(simulator, { campaign_id });
    expect(again.map(addressOf)).toEqual(rows.map(addressOf));
  });

  test('of a campaign that lives fits its common statistics', async () => {
    await using simulator = await quiet({ campaigns: 12, selzyTaskSeconds: 0, now: () => at });
    const { selzy } = simulator.providers;
    const small = [...selzy.campaigns.values()].find(
      ({ counters: { recipients, opened } }) => recipients < 20_000 && opened > 0,
    );
    expect(small).toBeDefined();
    if (!small) return;
    const [, ...rows] = await report(simulator, { campaign_id: small.externalId });
    const { recipients, delivered, opened, clicked, unsubscribed, complained } = small.counters;
    const told = { recipients, delivered, opened, clicked, unsubscribed, complained };
    expect(rolledUp(rows.map(wordOf))).toMatchObject(told);
  });

  test('of a large campaign keeps the proportions in 20,000 rows', async () => {
    await using simulator = await quiet();
    const large = { recipients: 80_000, sent: 80_000, delivered: 60_000, opened: 20_000, clicked: 4_000 };
    const campaign_id = simulator.providers.selzy.add({ counters: large });
    const [, ...rows] = await report(simulator, { campaign_id });
    const told = { recipients: 20_000, delivered: 15_000, opened: 5_000, clicked: 1_000 };
    expect(rolledUp(rows.map(wordOf))).toMatchObject(told);
  });

  test('has only the rows that changed since, that second included', async () => {
    let now = at;
    await using simulator = await quiet({ selzyTaskSeconds: 0, now: () => now });
    const { selzy } = simulator.providers;
    const times = { startedAt: at - 100_000, finishedAt: at };
    const campaign_id = selzy.add({ ...times, counters });
    const [, ...all] = await report(simulator, { campaign_id });
    const middle = timeOf(all[100] ?? '');
    const [, ...late] = await report(simulator, { campaign_id, changed_since: middle });
    expect(late).toEqual(all.filter((row) => timeOf(row) >= middle));
    expect(late.length).toBeLessThan(all.length);
    now += 60_000;
    selzy.set(campaign_id, { counters: { delivered: 165, opened: 70, softBounced: 6 } });
    const [, ...changed] = await report(simulator, { campaign_id, changed_since: '2026-03-01 10:01:00' });
    expect(new Set(changed.map(timeOf))).toEqual(new Set(['2026-03-01 10:01:00']));
    const merged = new Map([...all, ...changed].map((row) => [addressOf(row), wordOf(row)]));
    expect(rolledUp([...merged.values()])).toMatchObject({ recipients: 200, delivered: 165, opened: 70 });
    expect(await report(simulator, { campaign_id, changed_since: '2026-03-01 10:01:01' })).toHaveLength(1);
  });

  test('has additional fields, and phones for SMS', async () => {
    await using simulator = await quiet();
    const campaign_id = simulator.providers.selzy.add({
      channel: 'sms',
      counters: { recipients: 2, sent: 1 },
    });
    const fields = [
      ['campaign_id', campaign_id],
      ['field_ids[]', '3'],
      ['field_ids[]', '1'],
    ];
    expect(await report(simulator, fields)).toEqual([
      'phone,send_result,field_3,field_1',
      '15550000001,ok_sent,Bergen,"Harbour Street 7, ""North"""',
      '15550000002,not_sent,"Harbour Street 7, ""North""",',
    ]);
  });

  test('can be made to fail as calls can', async () => {
    await using simulator = await quiet();
    const { selzy } = simulator.providers;
    const url = await fileOf(simulator, await start(simulator, { campaign_id: selzy.add() }));
    selzy.fault({ kind: 'status', status: 503 }, { operation: 'file', times: 1 });
    expect((await fetch(url)).status).toBe(503);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(`${simulator.url}/selzy/files/nothing.csv`)).status).toBe(404);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });
});

describe('a task can end', () => {
  async function ended(selzyQuirks: Partial<SelzyQuirks>) {
    await using simulator = await quiet({ selzyTaskSeconds: 0, selzyQuirks });
    const task_uuid = await start(simulator, { campaign_id: simulator.providers.selzy.add() });
    const answer = await ask(simulator, 'getTaskResult', { task_uuid });
    return { task_uuid, answer };
  }

  test('as completed without a file', async () => {
    const { task_uuid, answer } = await ended({ withoutFile: true });
    expect(answer).toEqual({ result: { task_uuid, task_type: 'exportContacts', status: 'completed' } });
  });

  test.each(['failed', 'error', 'archived'])('as %s', async (endStatus) => {
    const { task_uuid, answer } = await ended({ endStatus });
    expect(answer).toEqual({ result: { task_uuid, task_type: 'exportContacts', status: endStatus } });
  });

  test('by being forgotten', async () => {
    const { task_uuid, answer } = await ended({ forgotten: true });
    const error = `Task not found. Provided uuid: ${task_uuid}`;
    expect(answer).toEqual({ result: '', code: 'unspecified', error });
  });
});

test('what a task says changes when its quirks do', async () => {
  await using simulator = await quiet({ now: () => at, selzyQuirks: { runningStatus: 'queued' } });
  const { add, quirks } = simulator.providers.selzy;
  const task_uuid = await start(simulator, { campaign_id: add() });
  const said = async () => (await ask(simulator, 'getTaskResult', { task_uuid })).result;
  expect(await said()).toMatchObject({ status: 'queued' });
  quirks.runningStatus = 'thinking';
  expect(await said()).toMatchObject({ status: 'thinking' });
  quirks.forgotten = true;
  expect(await said()).toBe('');
  quirks.forgotten = false;
  expect(await said()).toMatchObject({ status: 'thinking' });
});

test('both calls are recorded with what was asked', async () => {
  await using simulator = await quiet({ selzyTaskSeconds: 0 });
  const { add, apiKey: api_key, requests } = simulator.providers.selzy;
  const campaign_id = add();
  const asked = {
    campaign_id,
    changed_since: '2026-03-01 10:00:00',
    notify_url: 'http://127.0.0.1:1/',
    'field_ids[]': '7',
  };
  const task_uuid = await start(simulator, asked);
  await ask(simulator, 'getTaskResult', { task_uuid });
  const format = 'json';
  expect(requests).toMatchObject([
    {
      operation: 'async/getCampaignDeliveryStats',
      externalId: campaign_id,
      parameters: { ...asked, format, api_key },
    },
    { operation: 'async/getTaskResult', parameters: { task_uuid, format, api_key } },
  ]);
});

test('counters can be refused while reports are to be had', async () => {
  await using simulator = await quiet();
  const { add, fault } = simulator.providers.selzy;
  const campaign_id = add({ counters });
  const refusal = { code: 'unspecified', message: 'Access denied to this resource' };
  fault({ kind: 'error', ...refusal }, { operation: 'getCampaignCommonStats' });
  const { error, code } = await ask(simulator, '../getCampaignCommonStats', { campaign_id });
  expect({ code, message: error }).toEqual(refusal);
  expect(await report(simulator, { campaign_id })).toHaveLength(201);
});

test.each([
  ['getCampaignDeliveryStats', {}, 'invalid_arg', 'invalid arg campaign_id'],
  [
    'getCampaignDeliveryStats',
    { campaign_id: '1111' },
    'unspecified',
    'SB140212-01. [Burst not found. Provided Id: 1111]',
  ],
  ['getCampaignDeliveryStats', { campaign_id: '7' }, 'unspecified', 'Access denied to this resource'],
  ['getCampaignDeliveryStats', { campaign_id: '8', changed_since: 'today' }, 'invalid_arg', /changed_since$/],
  ['getCampaignDeliveryStats', { campaign_id: '8', notify_url: 'mailto:me' }, 'invalid_arg', /notify_url$/],
  ['getCampaignDeliveryStats', { campaign_id: '8', 'field_ids[]': 'name' }, 'invalid_arg', /field_ids$/],
  ['getTaskResult', {}, 'invalid_arg', 'invalid arg task_uuid'],
  ['getTaskResult', { task_uuid: 'ff719cf2-4ed9-11e9-8647-d663bd873d93' }, 'unspecified', /^Task not found/],
])('%s %j is refused with %s', async (method, fields, code, error) => {
  await using simulator = await quiet();
  simulator.providers.selzy.add({ externalId: '7', foreign: true });
  simulator.providers.selzy.add({ externalId: '8' });
  const expected = typeof error === 'string' ? error : expect.stringMatching(error);
  expect(await ask(simulator, method, { ...fields })).toEqual({ result: '', code, error: expected });
});
