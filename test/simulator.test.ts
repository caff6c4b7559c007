import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import {
  type Fault,
  type SimulatedProvider,
  type Simulator,
  startSimulator,
} from '../src/simulator/simulator.ts';

const body = z.record(z.string(), z.unknown());
type Body = z.infer<typeof body>;

interface Reply {
  status: number;
  headers: Headers;
  body: Body;
}

async function call(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: body.parse(await response.json()) };
}

function form(fields: Record<string, string>): RequestInit {
  return { method: 'POST', body: new URLSearchParams(fields) };
}

function selzy(
  { providers }: Simulator,
  method: string,
  fields: Record<string, string> = {},
): Promise<Reply> {
  const { baseUrl, apiKey } = providers.selzy;
  return call(`${baseUrl}/${method}`, form({ format: 'json', api_key: apiKey, ...fields }));
}

function octeth(
  { providers }: Simulator,
  Command: string,
  fields: Record<string, string> = {},
): Promise<Reply> {
  const { baseUrl, apiKey } = providers.octeth;
  return call(`${baseUrl}/api.php`, form({ Command, APIKey: apiKey, ResponseFormat: 'JSON', ...fields }));
}

function appizer({ providers }: Simulator, id: string, key = providers.appizer.apiKey): Promise<Reply> {
  const { baseUrl } = providers.appizer;
  return call(`${baseUrl}/notifications/campaigns/${id}`, { headers: { authorization: `Bearer ${key}` } });
}

async function login({ providers }: Simulator, api_key = providers.bsg.apiKey): Promise<string> {
  const reply = await call(`${providers.bsg.baseUrl}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ api_key }),
  });
  return z.string().parse(reply.body.bearer);
}

function bsg(simulator: Simulator, bearer: string, path: string, method = 'GET'): Promise<Reply> {
  const headers = { authorization: `Bearer ${bearer}` };
  return call(`${simulator.providers.bsg.baseUrl}/api${path}`, { method, headers });
}

/** Nothing lives by itself. */
function quiet(options = {}): Promise<Simulator> {
  return startSimulator({ campaigns: 0, ...options });
}

const at = Date.parse('2026-03-01T10:00:00Z');
const times = { createdAt: at, scheduledAt: at + 60_000, startedAt: at + 61_000, finishedAt: at + 120_000 };

describe('Selzy', () => {
  const counters = {
    recipients: 100,
    sent: 100,
    delivered: 90,
    opened: 40,
    openedTotal: 55,
    clicked: 10,
    clickedTotal: 12,
  };

  test('tells the status, as posted form and as GET', async () => {
    await using simulator = await quiet();
    const { selzy: provider } = simulator.providers;
    const id = provider.add({ status: 'completed', ...times, warnings: ['late'] });
    const expected = {
      result: {
        status: 'completed',
        creation_time: '2026-03-01 10:00:00',
        start_time: '2026-03-01 10:01:00',
      },
      warnings: [{ warning: 'late' }],
    };
    expect(await selzy(simulator, 'getCampaignStatus', { campaign_id: id })).toMatchObject({
      body: expected,
    });
    const query = `format=json&api_key=${provider.apiKey}&campaign_id=${id}`;
    expect((await call(`${provider.baseUrl}/getCampaignStatus?${query}`)).body).toEqual(expected);
    expect(provider.requests).toMatchObject([
      {
        operation: 'getCampaignStatus',
        externalId: id,
        method: 'POST',
        target: '/getCampaignStatus',
        status: 200,
      },
      { operation: 'getCampaignStatus', externalId: id, method: 'GET', authorized: true },
    ]);
  });

  test('lists by start time and in pages, and counts', async () => {
    await using simulator = await quiet();
    const { selzy: provider } = simulator.providers;
    const ids = [0, 1, 2, 3].map((day) => provider.add({ scheduledAt: at + day * 86_400_000, counters }));
    const page = { from: '2026-03-02 00:00:00', to: '2026-03-04 10:00:00', limit: '2', offset: '1' };
    const { result } = (await selzy(simulator, 'getCampaigns', page)).body;
    expect(result).toMatchObject([
      { id: Number(ids[2]) },
      { id: Number(ids[3]), start_time: '2026-03-04 10:00:00' },
    ]);
    expect(
      (await selzy(simulator, 'getCampaignCommonStats', { campaign_id: ids[0] ?? '' })).body.result,
    ).toEqual({
      total: 100,
      sent: 100,
      delivered: 90,
      read_unique: 40,
      read_all: 55,
      clicked_unique: 10,
      clicked_all: 12,
      unsubscribed: 0,
      spam: 0,
    });
  });

  test('cancels what has not begun', async () => {
    await using simulator = await quiet();
    const { selzy: provider } = simulator.providers;
    const id = provider.add({ status: 'waits_schedule' });
    expect((await selzy(simulator, 'cancelCampaign', { campaign_id: id })).body).toEqual({ result: [] });
    expect(provider.campaigns.get(id)?.status).toBe('canceled');
    expect((await selzy(simulator, 'cancelCampaign', { campaign_id: id })).body).toEqual({
      error: 'SF161129-03 [Campaign in status "canceled" can\'t be cancelled]',
      code: 'unspecified',
      result: '',
    });
  });

  test.each([
    ['getCampaignStatus', { api_key: 'wrong' }, 'invalid_api_key', 'Invalid API key'],
    ['getCampaignStatus', { api_key: 'selzy-simulator-restricted-key' }, 'access_denied', 'Access denied'],
    ['nope', {}, 'unknown_method', 'Unknown method: nope'],
    ['getCampaignStatus', {}, 'invalid_arg', 'invalid arg campaign_id'],
    [
      'getCampaignStatus',
      { campaign_id: '1111' },
      'unspecified',
      'SB140212-01. [Burst not found. Provided Id: 1111]',
    ],
    ['getCampaignStatus', { campaign_id: '7' }, 'unspecified', 'Access denied to this resource'],
    ['getCampaigns', { limit: '10001' }, 'invalid_arg', 'invalid arg limit'],
    ['getCampaigns', { from: 'today' }, 'invalid_arg', 'invalid arg from'],
    ['getCampaigns?format=json', {}, 'unspecified', 'Call to a member function getMessage() on boolean'],
  ])('refuses %s %j with %s', async (method, fields, code, error) => {
    await using simulator = await quiet();
    simulator.providers.selzy.add({ externalId: '7', foreign: true });
    const reply = await selzy(simulator, method, { ...fields });
    expect(reply).toMatchObject({ status: 200, body: { code, error, result: '' } });
  });

  test('allows so many calls a minute', async () => {
    let now = at;
    await using simulator = await quiet({ selzyCallsPerMinute: 2, now: () => now });
    const codes = [];
    for (const later of [0, 0, 0, 60_000]) {
      now += later;
      codes.push((await selzy(simulator, 'getCampaigns')).body.code);
    }
    expect(codes).toEqual([undefined, undefined, 'api_call_limit_exceeded_for_api_key', undefined]);
  });
});

describe('BSG', () => {
  const counters = {
    recipients: 100,
    messages: 120,
    sent: 90,
    delivered: 60,
    opened: 20,
    failed: 3,
    undelivered: 5,
    expired: 4,
    unknown: 1,
  };

  test('gives details in buckets that add up', async () => {
    await using simulator = await quiet();
    const id = simulator.providers.bsg.add({ status: 'sending', ...times, price: 0.3, counters });
    const bearer = await login(simulator);
    const { data } = (await bsg(simulator, bearer, `/campaigns/${id}/detail`)).body;
    const statistics = {
      delivered: 40,
      read: 20,
      sent: 20,
      failed: 3,
      undelivered: 5,
      expired: 4,
      unknown: 1,
      scheduled: 0,
      moderation: 0,
      accepted: 6,
      sending: 21,
      not_viber_user: 0,
      not_rcs_user: 0,
    };
    expect(data).toMatchObject({
      id: Number(id),
      status: 'sending',
      started_at: '2026-03-01 10:01:00',
      actual_start_at: '2026-03-01 10:01:01',
      statistics,
      total_messages: 120,
      total_phones: 100,
      total_price: '0.3000000',
      currency: 'USD',
      alternative_channels: [],
    });
    expect(Object.values(statistics).reduce((sum, count) => sum + count)).toBe(120);
    const short = (await bsg(simulator, bearer, `/campaigns/${id}`)).body.data;
    expect(short).toMatchObject({
      statistics: { delivered: 60, sent: 90 },
      real_start_at: '2026-03-01 10:01:01',
    });
  });

  test('lists in pages, sorted, filtered and searched', async () => {
    await using simulator = await quiet();
    const { bsg: provider } = simulator.providers;
    for (let n = 0; n < 70; n++)
      provider.add({
        sender: n < 5 ? 'FEW' : 'MANY',
        channel: n === 9 ? 'rcs' : 'sms',
        status: n === 20 ? 'done' : 'sending',
      });
    const bearer = await login(simulator);
    const page = (query: string) => bsg(simulator, bearer, `/campaigns?${query}`);
    const second = (await page('page[offset]=60&page[limit]=30&way=desc')).body;
    expect(second).toMatchObject({
      meta: { page: { total: 70, offset: 60, limit: 30 } },
      data: { length: 10 },
    });
    expect(z.object({ data: z.array(z.object({ id: z.number() })) }).parse(second).data[9]?.id).toBe(
      90_000_001,
    );
    expect((await page('search[field]=sender&search[value]=few')).body.data).toHaveLength(5);
    expect((await page('filter[type]=rcs')).body.data).toHaveLength(1);
    for (const [sort, first] of [
      ['sender', { sender: 'FEW' }],
      ['type', { message_type: 'rcs' }],
      ['status', { status: 'done' }],
      ['date', { id: 90_000_001 }],
    ] as const) {
      const { data } = (await page(`sort=${sort}`)).body;
      expect(z.array(z.unknown()).parse(data)[0]).toMatchObject(first);
    }
  });

  test.each([
    ['GET', '/campaigns?page[limit]=29', 422, { errors: { 'page[limit]': [expect.any(String)] } }],
    ['GET', '/campaigns?filter[from]=2001-01-01', 422, { message: 'The given data was invalid.' }],
    ['GET', '/campaigns?filter[to]=2101-01-01', 422, { message: 'The given data was invalid.' }],
    ['GET', '/campaigns?sort=price', 422, { message: 'The given data was invalid.' }],
    ['GET', '/campaigns/1/detail', 404, { message: 'Campaign not found', errors: [] }],
    ['GET', '/campaigns/abc', 404, { message: 'Campaign not found', errors: [] }],
    ['PATCH', '/campaigns/7/stop', 422, { message: 'Invalid campaign status', errors: [] }],
    ['POST', '/campaigns', 405, { message: 'Method Not Allowed', errors: [] }],
    ['GET', '/nope', 404, { message: 'Not Found', errors: [] }],
  ])('refuses %s %s with %i', async (method, path, status, expected) => {
    await using simulator = await quiet();
    simulator.providers.bsg.add({ externalId: '7', status: 'done' });
    expect(await bsg(simulator, await login(simulator), path, method)).toMatchObject({
      status,
      body: expected,
    });
  });

  test('wants a bearer that has not run out', async () => {
    let now = at;
    await using simulator = await quiet({ bsgTokenSeconds: 60, now: () => now });
    const statusOf = async (bearer: string) => (await bsg(simulator, bearer, '/campaigns')).status;
    const first = await login(simulator);
    const claims = JSON.parse(Buffer.from(first.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ iat: at / 1_000, exp: at / 1_000 + 60 });
    now += 59_000;
    const refreshed = z.string().parse((await bsg(simulator, first, '/auth/refresh', 'POST')).body.bearer);
    now += 2_000;
    expect([await statusOf(first), await statusOf(refreshed), await statusOf('nonsense')]).toEqual([
      401, 200, 401,
    ]);
    simulator.providers.bsg.expireTokens();
    expect(await statusOf(refreshed)).toBe(401);
    expect(await statusOf(await login(simulator, simulator.providers.bsg.restrictedKey))).toBe(403);
    const loginUrl = `${simulator.providers.bsg.baseUrl}/api/auth/login`;
    expect((await call(loginUrl, form({ api_key: 'wrong' }))).status).toBe(401);
    expect((await call(loginUrl, form({}))).status).toBe(422);
  });

  test('stops a campaign', async () => {
    await using simulator = await quiet();
    const id = simulator.providers.bsg.add({ status: 'paused' });
    const reply = await bsg(simulator, await login(simulator), `/campaigns/${id}/stop`, 'PATCH');
    expect(reply).toMatchObject({
      status: 200,
      body: { data: { id: Number(id), status: 'stopped', finished_at: null } },
    });
  });

  test('answers as its OpenAPI file says', async () => {
    await using simulator = await startSimulator({ campaigns: 40 });
    const file = new URL('../src/simulator/bsg/bsg-openapi.yaml', import.meta.url);
    const problems = schemaWalk(parse(await readFile(file, 'utf8')));
    const bearer = await login(simulator);
    expect(problems('TokenSchema', { bearer })).toEqual([]);
    expect(
      problems('SearchCampaignResource', (await bsg(simulator, bearer, '/campaigns?page[limit]=500')).body),
    ).toEqual([]);
    for (const [id, { status }] of simulator.providers.bsg.campaigns) {
      expect(
        problems(
          'CampaignDetails200Response',
          (await bsg(simulator, bearer, `/campaigns/${id}/detail`)).body,
        ),
      ).toEqual([]);
      expect(problems('CampaignResponse', (await bsg(simulator, bearer, `/campaigns/${id}`)).body)).toEqual(
        [],
      );
      const stop = await bsg(simulator, bearer, `/campaigns/${id}/stop`, 'PATCH');
      const schema = stop.status === 200 ? 'CampaignStop200Response' : 'CampaignStop422Response';
      expect([status, problems(schema, stop.body)]).toEqual([status, []]);
    }
    expect(problems('CampaignStatus', 'Sent')).toEqual(['CampaignStatus: "Sent" is none of its values']);
  });
});

/** A walk along the file's schemas: types, enum, required, nullable, $ref and allOf. */
function schemaWalk(file: unknown): (name: string, value: unknown) => string[] {
  const schema = z.looseObject({
    $ref: z.string().optional(),
    type: z.string().optional(),
    enum: z.array(z.string()).optional(),
    nullable: z.boolean().optional(),
    required: z.array(z.string()).optional(),
    properties: body.optional(),
    items: z.unknown().optional(),
    allOf: z.array(z.unknown()).optional(),
  });
  const { schemas } = z.object({ components: z.object({ schemas: body }) }).parse(file).components;

  function walk(untyped: unknown, value: unknown, path: string): string[] {
    const known = schema.parse(untyped);
    if (known.$ref) return walk(schemas[known.$ref.split('/').at(-1) ?? ''], value, path);
    if (value === null) return known.nullable ? [] : [`${path}: null`];
    if (known.enum && !known.enum.includes(String(value)))
      return [`${path}: ${JSON.stringify(value)} is none of its values`];
    if (known.type === 'array') {
      return Array.isArray(value)
        ? value.flatMap((item, n) => walk(known.items, item, `${path}[${n}]`))
        : [`${path}: no array`];
    }
    // PHP writes an empty object as []; so does the file's own example of alternative_channels.
    if (known.type === 'object')
      return Array.isArray(value) && value.length === 0 ? [] : members(known, value, path);
    const fits =
      known.type === 'integer' ? Number.isInteger(value) : !known.type || typeof value === known.type;
    return fits ? [] : [`${path}: ${JSON.stringify(value)} is no ${known.type}`];
  }

  function members(known: z.infer<typeof schema>, value: unknown, path: string): string[] {
    const parsed = body.safeParse(value);
    if (!parsed.success) return [`${path}: no object`];
    const missing = (known.required ?? [])
      .filter((key) => !(key in parsed.data))
      .map((key) => `${path}.${key}: missing`);
    const inherited = (known.allOf ?? []).flatMap((part) => walk(part, value, path));
    const own = Object.entries(known.properties ?? {})
      .filter(([key]) => key in parsed.data)
      .flatMap(([key, property]) => walk(property, parsed.data[key], `${path}.${key}`));
    return [...missing, ...inherited, ...own];
  }

  return (name, value) => walk(schemas[name], value, name);
}

describe('Octeth', () => {
  const counters = {
    recipients: 200,
    sent: 100,
    delivered: 93,
    failed: 1,
    hardBounced: 2,
    softBounced: 5,
    opened: 30,
    openedTotal: 44,
  };

  test('gets a campaign, with names, tags, statistics and throughput', async () => {
    await using simulator = await quiet();
    const { octeth: provider } = simulator.providers;
    const id = provider.add({ name: 'Sale', status: 'Sent', ...times, tags: ['sale'], counters });
    const wanted = { campaignid: id, retrievestatistics: 'true', RetrieveTags: 'true' };
    expect((await octeth(simulator, 'campaign.get', wanted)).body).toMatchObject({
      Success: true,
      ErrorCode: 0,
      Campaign: {
        CampaignID: Number(id),
        CampaignName: 'Sale',
        CampaignStatus: 'Sent',
        ScheduleType: 'Future',
        SendDate: '2026-03-01',
        SendTime: '10:01:00',
        SendProcessFinishedOn: '2026-03-01 10:02:00',
        TotalRecipients: 200,
        TotalSent: 100,
        UniqueOpens: 30,
        HardBounceRatio: '2.00',
        SoftBounceRatio: '5.00',
        Tags: ['sale'],
        Statistics: { OpenStatistics: { '2026-03-01': { Unique: 30, Total: 44 } } },
      },
      CampaignThroughput: { EmailsPerSecond: 1.7, Duration: 59 },
    });
    Object.assign(provider.quirks, { names: 'v5.5', numbersAsStrings: true, statistics: 'flat' });
    const old = (await octeth(simulator, 'Campaign.Get', wanted)).body;
    expect(old).toMatchObject({
      ErrorCode: '0',
      Campaign: { Name: 'Sale', Status: 'Sent', TotalSent: '100', OpenStatistics: {} },
    });
    expect(old.Campaign).not.toHaveProperty('CampaignName');
  });

  test('takes a JSON body and a session', async () => {
    await using simulator = await quiet();
    const { baseUrl, sessionId } = simulator.providers.octeth;
    const post = (fields: Body) =>
      call(`${baseUrl}/api.php`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fields),
      });
    const reply = await post({
      SessionID: sessionId,
      Command: 'Campaigns.Get',
      RecordsPerRequest: 0,
      CampaignIDs: [1, 2],
    });
    expect(reply.body).toEqual({
      Success: true,
      ErrorCode: 0,
      ErrorText: '',
      Campaigns: [],
      TotalCampaigns: 0,
    });
  });

  test('lists by status, name, tag and id, ordered and in pages', async () => {
    await using simulator = await quiet();
    const { octeth: provider } = simulator.providers;
    const add = (name: string, status: string, scheduleType: string, tag = 'sale') =>
      provider.add({ name, status, scheduleType, scheduledAt: null, tags: [tag] });
    add('A draft', 'Draft', 'Not Scheduled');
    add('B idle', 'Ready', 'Not Scheduled');
    const third = add('C soon', 'Ready', 'Future', 'launch');
    add('D now', 'Ready', 'Immediate');
    add('E waits', 'Pending Approval', 'Future');
    const names = async (fields: Record<string, string>) => {
      const { Campaigns } = (
        await octeth(simulator, 'Campaigns.Get', { OrderField: 'CampaignName', ...fields })
      ).body;
      return z
        .array(z.object({ CampaignName: z.string() }))
        .parse(Campaigns)
        .map(({ CampaignName }) => CampaignName[0])
        .join('');
    };
    expect(await names({ CampaignStatus: 'All', OrderType: 'DESC' })).toBe('EDCBA');
    expect(await names({ CampaignStatus: 'Draft' })).toBe('AB');
    expect(await names({ CampaignStatus: 'Scheduled' })).toBe('C');
    expect(await names({ CampaignStatus: 'Ready' })).toBe('BCD');
    expect(await names({ CampaignStatus: 'Pending' })).toBe('E');
    expect(await names({ SearchKeyword: 'SOON' })).toBe('C');
    expect(await names({ Tags: '2' })).toBe('C');
    expect(await names({ CampaignIDs: third })).toBe('C');
    expect(await names({ RecordsFrom: '1', RecordsPerRequest: '2' })).toBe('BC');
    provider.quirks.campaignIds = false;
    expect(await names({ CampaignIDs: third })).toBe('ABCDE');
  });

  test('creates, copies, updates, approves, pauses, resumes, cancels and deletes', async () => {
    await using simulator = await quiet();
    const { octeth: provider } = simulator.providers;
    const created = (await octeth(simulator, 'Campaign.Create', { CampaignName: 'New' })).body.CampaignID;
    const id = String(z.number().parse(created));
    const does = async (command: string, fields: Record<string, string> = {}) => {
      expect((await octeth(simulator, command, { CampaignID: id, ...fields })).body.Success).toBe(true);
      const { status, scheduleType } = provider.campaigns.get(id) ?? {};
      return `${status}, ${scheduleType}`;
    };
    const future = {
      ScheduleType: 'Future',
      SendDate: '2026-04-01',
      SendTime: '12:00:00',
      SendTimeZone: 'UTC',
    };
    expect(await does('Campaign.Update', { CampaignStatus: 'Ready', ...future })).toBe('Ready, Future');
    expect(provider.campaigns.get(id)?.scheduledAt).toBe(Date.parse('2026-04-01T12:00:00Z'));
    expect(await does('Campaign.Cancel')).toBe('Draft, Not Scheduled');
    provider.quirks.approvalNeeded = true;
    expect(await does('Campaign.Update', { CampaignStatus: 'Ready' })).toBe(
      'Pending Approval, Not Scheduled',
    );
    expect(await does('Campaign.Approve')).toBe('Ready, Not Scheduled');
    provider.set(id, { status: 'Sending' });
    expect(await does('Campaign.Pause')).toBe('Paused, Not Scheduled');
    expect(await does('Campaign.Resume')).toBe('Ready, Immediate');
    const copied = z
      .string()
      .parse((await octeth(simulator, 'Campaign.Copy', { CampaignID: id })).body.NewCampaignID);
    expect(provider.campaigns.get(copied)).toMatchObject({ name: 'New', status: 'Draft' });
    const deleted = await octeth(simulator, 'Campaigns.Delete', { Campaigns: `${id},${copied},5` });
    expect(deleted.body).toEqual({ Success: true, ErrorCode: 0, ErrorText: '' });
    expect(provider.campaigns.size).toBe(0);
  });

  const recursive = {
    ScheduleType: 'Recursive',
    ScheduleRecDaysOfWeek: '1',
    ScheduleRecMonths: '1',
    ScheduleRecHours: '1',
  };
  test.each<[command: string, fields: Record<string, string>, code: unknown]>([
    ['Campaign.Approve', {}, 1],
    ['Campaign.Approve', { CampaignID: '1' }, 2],
    ['Campaign.Approve', { CampaignID: '8' }, 2],
    ['Campaign.Cancel', {}, 1],
    ['Campaign.Cancel', { CampaignID: '1' }, 2],
    ['Campaign.Cancel', { CampaignID: '8' }, 2],
    ['Campaign.Copy', {}, [1]],
    ['Campaign.Copy', { CampaignID: '1' }, [1]],
    ['Campaign.Copy', { CampaignID: '8' }, [1]],
    ['Campaign.Create', {}, 1],
    ['Campaign.Get', {}, 1],
    ['Campaign.Get', { campaignid: 'x' }, 2],
    ['Campaign.Get', { campaignid: '1', FailOnNotFound: 'true' }, 3],
    ['Campaign.Pause', {}, 1],
    ['Campaign.Pause', { CampaignID: '8' }, 2],
    ['Campaign.Pause', { CampaignID: '7' }, 3],
    ['Campaign.Resume', {}, 1],
    ['Campaign.Resume', { CampaignID: '1' }, 2],
    ['Campaign.Resume', { CampaignID: '8' }, 2],
    ['Campaign.Resume', { CampaignID: '7' }, 3],
    ['Campaign.Update', {}, 1],
    ['Campaign.Update', { CampaignID: '1' }, 2],
    ['Campaign.Update', { CampaignID: '8', CampaignName: 'Mine' }, 2],
    ['Campaign.Update', { CampaignID: '7', CampaignStatus: 'Active' }, 3],
    ['Campaign.Update', { CampaignID: '7', RelEmailID: '9999' }, 4],
    ['Campaign.Update', { CampaignID: '7', ScheduleType: 'Sometimes' }, 5],
    ['Campaign.Update', { CampaignID: '7', ScheduleType: 'Future' }, 6],
    ['Campaign.Update', { CampaignID: '7', ScheduleType: 'Future', SendDate: '2026-04-01' }, 7],
    ['Campaign.Update', { CampaignID: '7', ScheduleType: 'Recursive' }, 8],
    ['Campaign.Update', { CampaignID: '7', ...recursive, ScheduleRecMonths: '' }, 9],
    ['Campaign.Update', { CampaignID: '7', ...recursive, ScheduleRecHours: '' }, 10],
    ['Campaign.Update', { CampaignID: '7', ...recursive }, 11],
    ['Campaign.Update', { CampaignID: '7', ...recursive, ScheduleRecMinutes: '0' }, 12],
    [
      'Campaign.Update',
      { CampaignID: '7', ...recursive, ScheduleRecMinutes: '0', ScheduleRecSendMaxInstance: '3' },
      13,
    ],
    ['Campaigns.Delete', {}, { campaigns: 1 }],
    ['Campaigns.Delete', { Campaigns: 'a' }, { campaigns: 1 }],
    ['Campaigns.Delete', { Campaigns: '7,a' }, { campaigns: 1 }],
    ['Campaign.Get', { APIKey: 'wrong' }, 99998],
  ])('refuses %s %j with %j', async (command, fields, ErrorCode) => {
    await using simulator = await quiet();
    simulator.providers.octeth.add({ externalId: '7', status: 'Draft' });
    simulator.providers.octeth.add({ externalId: '8', status: 'Sending', foreign: true });
    const before = simulator.providers.octeth.campaigns;
    expect(await octeth(simulator, command, fields)).toMatchObject({
      status: 200,
      body: { Success: false, ErrorCode },
    });
    expect(simulator.providers.octeth.campaigns).toEqual(before);
  });

  test('tells why it can not copy as a list, and deletes nothing that is not its own', async () => {
    await using simulator = await quiet();
    const foreign = simulator.providers.octeth.add({ foreign: true });
    expect((await octeth(simulator, 'Campaign.Copy', { CampaignID: foreign })).body).toEqual({
      Success: false,
      ErrorCode: [1],
      ErrorText: ['Invalid source campaign'],
    });
    await octeth(simulator, 'Campaigns.Delete', { Campaigns: foreign });
    expect(simulator.providers.octeth.campaigns.size).toBe(1);
  });

  test('gives an empty list for a missing campaign, and other shapes when told to', async () => {
    await using simulator = await quiet();
    const { quirks, baseUrl, restrictedKey } = simulator.providers.octeth;
    const missing = await octeth(simulator, 'Campaign.Get', { campaignid: '1' });
    expect(missing.body).toEqual({ Success: true, ErrorCode: 0, Campaign: [] });
    quirks.errorCodes = 'array';
    expect((await octeth(simulator, 'Campaign.Pause')).body.ErrorCode).toEqual([1]);
    expect((await octeth(simulator, 'Campaign.Pause', { APIKey: '' })).body.ErrorCode).toBe(99998);
    expect(await octeth(simulator, 'nope')).toMatchObject({
      status: 400,
      body: { ErrorCode: 100003, Errors: [{ Code: 100003 }] },
    });
    expect((await call(`${baseUrl}/api.php`)).status).toBe(400);
    const refused = await octeth(simulator, 'Campaign.Get', { APIKey: restrictedKey });
    expect(refused.body).toEqual({
      success: 'false',
      errors: { code: 99999, message: 'Not enough privileges' },
    });
    quirks.hardFailures = 'html';
    const page = await fetch(`${baseUrl}/api.php`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });

  test('goes on with its life after a pause', async () => {
    let now = at;
    await using simulator = await startSimulator({ now: () => now });
    const begun = () =>
      [...simulator.providers.octeth.campaigns.values()].find(
        ({ status, counters: { sent, recipients } }) =>
          status === 'Sending' && sent > 0 && sent < recipients / 2,
      );
    while (!begun()) now += 1_000;
    const sending = begun();
    const CampaignID = sending?.externalId ?? '';
    const present = () => simulator.providers.octeth.campaigns.get(CampaignID);
    await octeth(simulator, 'Campaign.Pause', { CampaignID });
    now += 3_600_000;
    expect(present()).toMatchObject({ status: 'Paused', counters: { sent: sending?.counters.sent } });
    await octeth(simulator, 'Campaign.Resume', { CampaignID });
    expect(present()?.status).toBe('Ready');
    now += 6_000;
    expect(present()?.status).toBe('Sending');
    expect(present()?.counters.sent).toBeGreaterThan(sending?.counters.sent ?? 0);
    expect(present()).toMatchObject({ startedAt: sending?.startedAt, scheduledAt: sending?.scheduledAt });
  });
});

describe('Appizer', () => {
  test('tells status, counts and rates, with its limits in the headers', async () => {
    await using simulator = await quiet({ appizerCallsPerMinute: 2 });
    const counters = { recipients: 1250, sent: 1245, delivered: 1200, opened: 450, clicked: 120, failed: 5 };
    const id = simulator.providers.appizer.add({
      externalId: 'camp_123',
      status: 'completed',
      ...times,
      counters,
    });
    const reply = await appizer(simulator, id);
    expect(reply.body).toEqual({
      success: true,
      campaign_id: 'camp_123',
      status: 'completed',
      created_at: '2026-03-01T10:00:00Z',
      sent_at: '2026-03-01T10:01:01Z',
      completed_at: '2026-03-01T10:02:00Z',
      stats: { total_recipients: 1250, sent: 1245, delivered: 1200, opened: 450, clicked: 120, failed: 5 },
      rates: { delivery_rate: 0.964, open_rate: 0.375, click_rate: 0.1 },
    });
    expect([reply.headers.get('x-ratelimit-limit'), reply.headers.get('x-ratelimit-remaining')]).toEqual([
      '2',
      '1',
    ]);
    await appizer(simulator, id);
    const details = { limit: 2, window: '1 minute', retry_after: expect.any(Number) };
    expect(await appizer(simulator, id)).toMatchObject({
      status: 429,
      body: { code: 'RATE_LIMIT_EXCEEDED', details },
    });
  });

  test.each([
    ['wrong', 'camp_1', 401, 'INVALID_API_KEY'],
    ['', 'camp_1', 401, 'MISSING_AUTH'],
    ['appizer-simulator-revoked-key', 'camp_1', 401, 'REVOKED_API_KEY'],
    ['appizer-simulator-restricted-key', 'camp_1', 403, 'INSUFFICIENT_PERMISSIONS'],
    ['appizer-simulator-key', 'camp_1', 404, 'NOT_FOUND'],
  ])('refuses key "%s" and %s with %i %s', async (key, id, status, code) => {
    await using simulator = await quiet();
    const reply = await appizer(simulator, id, key);
    expect(reply).toMatchObject({
      status,
      body: { code, error: expect.any(String), message: expect.any(String) },
    });
  });
});

describe('campaigns under test', () => {
  test('can have any status, any field, and disappear', async () => {
    await using simulator = await quiet();
    const { appizer: provider } = simulator.providers;
    const id = provider.add();
    provider.set(id, {
      status: 'paused?',
      extra: { stats: { sent: '1 245' }, rates: [], sent_at: undefined, novel: true },
    });
    const { body: changed } = await appizer(simulator, id);
    expect(changed).toMatchObject({
      status: 'paused?',
      stats: { sent: '1 245', failed: 0 },
      rates: [],
      novel: true,
    });
    expect(changed).not.toHaveProperty('sent_at');
    provider.remove(id);
    expect((await appizer(simulator, id)).status).toBe(404);
    expect(() => provider.set(id, {})).toThrow(RangeError);
  });
});

describe('faults', () => {
  const get = ({ baseUrl, apiKey }: SimulatedProvider, signal: AbortSignal | null = null) =>
    fetch(`${baseUrl}/notifications/campaigns/camp_1`, {
      headers: { authorization: `Bearer ${apiKey}` },
      signal,
    });

  test.each<[Fault, number, string]>([
    [{ kind: 'html' }, 200, '<!DOCTYPE html>'],
    [{ kind: 'garbage' }, 200, '{"result": {“status”'],
    [{ kind: 'empty' }, 200, ''],
    [{ kind: 'status', status: 503 }, 503, '{"error":"Service Unavailable"'],
    [{ kind: 'unauthorized' }, 401, '{"error":"Unauthorized"'],
    [{ kind: 'error', code: 'ODD' }, 400, '{"error":"Bad Request","message":"Error ODD","code":"ODD"'],
    [{ kind: 'delay', ms: 1 }, 404, '{"error":"Not Found"'],
  ])('%j comes as often as asked', async (fault, status, start) => {
    await using simulator = await quiet();
    const { appizer: provider } = simulator.providers;
    provider.fault(fault, { times: 1 });
    const response = await get(provider);
    expect([response.status, (await response.text()).startsWith(start)]).toEqual([status, true]);
    expect((await get(provider)).status).toBe(404);
  });

  test.each<Fault>([{ kind: 'drop' }, { kind: 'dropMidBody' }])('%j breaks the connection', async (fault) => {
    await using simulator = await quiet();
    const { appizer: provider } = simulator.providers;
    provider.fault(fault);
    await expect(get(provider).then((response) => response.text())).rejects.toThrow(TypeError);
    expect(provider.requests.at(-1)?.status).toBe(null);
    provider.clearFaults();
    expect((await get(provider)).status).toBe(404);
  });

  test('a hung request hangs until its client or the simulator goes', async () => {
    const simulator = await quiet();
    const { appizer: provider } = simulator.providers;
    provider.fault({ kind: 'hang' });
    const hung = get(provider);
    await expect.poll(() => provider.requests.length).toBe(1);
    const leaving = new AbortController();
    const left = get(provider, leaving.signal);
    await expect.poll(() => provider.requests.length).toBe(2);
    leaving.abort();
    await expect(left).rejects.toThrow('abort');
    const ended = expect(hung).rejects.toThrow(TypeError);
    await simulator.stop();
    await ended;
  });

  test('each provider limits and fails in its own way', async () => {
    await using simulator = await quiet();
    const bearer = await login(simulator);
    const ask = async () => [
      await selzy(simulator, 'getCampaigns'),
      await bsg(simulator, bearer, '/campaigns'),
      await octeth(simulator, 'Campaigns.Get'),
      await appizer(simulator, 'camp_1'),
    ];
    const all = Object.values(simulator.providers);
    for (const provider of all) provider.fault({ kind: 'rateLimited', retryAfterSeconds: 7 }, { times: 1 });
    const limited = await ask();
    expect(limited).toMatchObject([
      { status: 200, body: { code: 'api_call_limit_exceeded_for_api_key' } },
      { status: 429, body: { message: 'Too many requests' } },
      { status: 200, body: { Success: false, ErrorCode: 429 } },
      { status: 429, body: { details: { retry_after: 7 } } },
    ]);
    expect(limited.map(({ headers }) => headers.get('retry-after'))).toEqual([null, '7', '7', null]);
    for (const provider of all)
      provider.fault({ kind: 'status', status: 500, retryAfterSeconds: 3 }, { times: 1 });
    const failed = await ask();
    expect(failed).toMatchObject([
      { body: { code: 'unspecified', result: '' } },
      { body: { message: 'HTTP status 500', errors: [] } },
      { body: { Success: false, ErrorCode: 100005 } },
      { body: { code: 'INTERNAL_ERROR' } },
    ]);
    expect(failed.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual(
      Array(4).fill([500, '3']),
    );
    for (const provider of all) provider.fault({ kind: 'unauthorized' }, { times: 1 });
    expect(await ask()).toMatchObject([
      { body: { code: 'invalid_api_key' } },
      { status: 401 },
      { body: { ErrorCode: 99998 } },
      { status: 401 },
    ]);
    for (const provider of all) provider.fault({ kind: 'error', code: 4, message: 'No' }, { times: 1 });
    expect(await ask()).toMatchObject([
      { body: { code: '4', error: 'No' } },
      { body: { error: 4, errorDescription: 'No' } },
      { body: { ErrorCode: 4, ErrorText: 'No' } },
      { body: { code: '4', message: 'No' } },
    ]);
  });

  test('apply to one operation or one campaign', async () => {
    await using simulator = await quiet();
    const { selzy: provider } = simulator.providers;
    const [one = '', other = ''] = [provider.add(), provider.add()];
    provider.fault(
      { kind: 'error', code: 'retry_later' },
      { operation: 'getCampaignStatus', externalId: one },
    );
    const codes = [];
    for (const [method, campaign_id] of [
      ['getCampaignStatus', one],
      ['getCampaignStatus', other],
      ['getCampaignCommonStats', one],
    ] as const) {
      codes.push((await selzy(simulator, method, { campaign_id })).body.code);
    }
    expect(codes).toEqual(['retry_later', undefined, undefined]);
  });
});

describe('lives', () => {
  const names = ['selzy', 'bsg', 'octeth', 'appizer'] as const;
  const statuses = {
    selzy: [
      'waits_censor',
      'censor_hold',
      'declined',
      'waits_schedule',
      'scheduled',
      'in_progress',
      'analysed',
      'completed',
      'stopped',
      'canceled',
    ],
    bsg: ['creation', 'moderation', 'spam', 'scheduled', 'sending', 'paused', 'stopped', 'done'],
    octeth: ['Draft', 'Pending Approval', 'Ready', 'Sending', 'Paused', 'Sent', 'Failed'],
    appizer: ['pending', 'sending', 'completed', 'failed', 'cancelled'],
  };

  /** What happens in the first `minutes`, looked at every second: seconds with a change, every status, falling counters. */
  async function watch(name: (typeof names)[number], minutes: number, ids?: ReadonlySet<string>) {
    let now = at;
    await using simulator = await startSimulator({ seed: 7, now: () => now });
    const provider = simulator.providers[name];
    let before = provider.campaigns;
    const changes: number[] = [];
    const seen = new Set<string>();
    const falls: string[] = [];
    for (let second = 1; second <= minutes * 60; second++) {
      now = at + second * 1_000;
      const present = provider.campaigns;
      for (const [id, state] of present) {
        const earlier = before.get(id);
        seen.add(state.status);
        if (!earlier || (ids && !ids.has(id))) continue;
        if (earlier.status !== state.status) changes.push(second);
        const counters = Object.entries(state.counters);
        const previous = Object.values(earlier.counters);
        for (const [index, [key, count]] of counters.entries())
          if (count < (previous[index] ?? 0)) falls.push(`${id} ${key}`);
      }
      before = present;
    }
    return { changes, seen, falls, campaigns: before };
  }

  function longestGap(seconds: readonly number[], from: number): number {
    const later = seconds.filter((second) => second >= from);
    return Math.max(...later.map((second, index) => second - (later[index - 1] ?? from)));
  }

  test.each(names)(
    '%s: something changes within the first minute, later at least every 15 s',
    async (name) => {
      const { changes, seen, falls, campaigns } = await watch(name, 20);
      expect(changes[0]).toBeLessThan(20);
      expect(longestGap(changes, name === 'appizer' ? 210 : 0)).toBeLessThanOrEqual(15);
      expect([...seen].toSorted()).toEqual(statuses[name].toSorted());
      expect(falls).toEqual([]);
      expect(campaigns.size).toBeGreaterThan(50);
    },
  );

  test('the first twelve Appizer campaigns alone change every minute for ten minutes', async () => {
    const followed = new Set(Array.from({ length: 12 }, (_, index) => `camp_${101 + index}`));
    const { changes } = await watch('appizer', 10, followed);
    expect(new Set(changes.map((second) => Math.floor((second - 1) / 60))).size).toBe(10);
  });

  test('end with counters that add up and no longer move', async () => {
    let now = at;
    await using simulator = await startSimulator({ now: () => now });
    for (const name of names) {
      const [id = ''] = [...simulator.providers[name].campaigns.keys()].slice(-1);
      now += 1_200_000;
      const final = simulator.providers[name].campaigns.get(id);
      now += 600_000;
      expect(simulator.providers[name].campaigns.get(id)).toEqual(final);
      const { sent, delivered, hardBounced, softBounced, undelivered, expired, unknown } =
        final?.counters ?? {};
      const reported = [delivered, hardBounced, softBounced, undelivered, expired, unknown].map(Number);
      expect(reported.reduce((sum, count) => sum + count)).toBe(sent);
    }
  });

  test('are the same for the same seed, and faster with speed; old ones are forgotten', async () => {
    let now = at;
    const clock = () => now;
    await using one = await startSimulator({ seed: 3, now: clock });
    await using same = await startSimulator({ seed: 3, now: clock });
    await using fast = await startSimulator({ seed: 3, now: clock, speed: 60 });
    const states = ({ providers }: Simulator) => [...providers.octeth.campaigns.values()];
    now += 60_000;
    expect(states(same)).toEqual(states(one));
    expect(states(fast).length).toBeGreaterThan(states(one).length + 100);
    now += 86_400_000;
    expect(states(one)).toHaveLength(512);
  });
});

describe('/control and the command', () => {
  test('do over HTTP what the functions do', async () => {
    await using simulator = await quiet();
    const send = (method: string, path: string, value: unknown = {}) =>
      call(`${simulator.url}/control${path}`, {
        method,
        ...(method === 'GET' ? {} : { body: JSON.stringify(value) }),
      });
    expect(await send('POST', '/selzy/campaigns', { externalId: '5', status: 'scheduled' })).toMatchObject({
      status: 201,
      body: { externalId: '5' },
    });
    expect((await send('PATCH', '/selzy/campaigns/5', { counters: { recipients: 9 } })).body).toMatchObject({
      counters: { recipients: 9, messages: 9 },
    });
    expect((await send('GET', '')).body).toMatchObject({
      selzy: { campaigns: [{ externalId: '5', status: 'scheduled' }] },
    });
    await send('POST', '/selzy/faults', { kind: 'error', code: 'retry_later', times: 2 });
    expect((await selzy(simulator, 'getCampaigns')).body.code).toBe('retry_later');
    await send('DELETE', '/selzy/faults');
    expect((await selzy(simulator, 'getCampaigns')).body.code).toBe(undefined);
    const requests = await (await fetch(`${simulator.url}/control/selzy/requests`)).json();
    expect(requests).toMatchObject([{ operation: 'getCampaigns' }, { operation: 'getCampaigns' }]);
    await send('DELETE', '/selzy/campaigns/5');
    expect((await send('GET', '/selzy/campaigns/5')).status).toBe(404);
    expect(await send('POST', '/bsg/campaigns', { state: 'x' })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('state') },
    });
    expect((await send('GET', '/nobody')).status).toBe(404);
    expect(await (await fetch(simulator.url)).text()).toContain(simulator.providers.appizer.apiKey);
  });

  test('run until SIGTERM', async () => {
    const child = spawn(process.execPath, ['src/simulator/main.ts', '--port', '0', '--campaigns', '3']);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await expect.poll(() => output, { timeout: 10_000 }).toMatch(/ready http:/);
    expect(await (await fetch(/ready (\S+)/.exec(output)?.[1] ?? '')).text()).toContain('Simulated');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
