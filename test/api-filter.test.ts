import { beforeAll, describe, expect, test } from 'vitest';
import { type NewCampaign, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { until } from './support/wait.ts';

const day = (number: number) => Date.now() - number * 86_400_000;

/** By external id. At Octeth, unless the id says otherwise. */
const campaigns: readonly (readonly [string, NewCampaign])[] = [
  ['1', { name: 'Spring Sale', status: 'Draft', scheduleType: 'Not Scheduled', tags: ['sale', 'launch'] }],
  ['2', { name: 'SPRING 100% off', status: 'Ready', scheduleType: 'Future', tags: ['sale'] }],
  ['3', { name: 'under_score', status: 'Sending', tags: ['sale off'] }],
  ['4', { name: 'underXscore', status: 'Sent', tags: ['launch', 'sale', '100%'] }],
  ['5', { name: 'Весенняя РАСПРОДАЖА', status: 'Paused', tags: ['Распродажа'] }],
  ['6', { name: 'a back\\slash and a "quote"', status: 'Failed', tags: ['say "sale"', 'b\\'] }],
  ['7', { name: 'Gone', status: 'Sent', tags: ['sale'] }],
];
const appizerId = 'camp_1';
const bsgId = '90';

const ids = (...names: string[]) =>
  names.map((name) => {
    if (name === appizerId) return `campaign:appizer-main:${name}`;
    return name === bsgId ? `campaign:bsg-main:${name}` : `campaign:octeth-main:${name}`;
  });

describe.each(databaseKinds)('the filter of campaigns on %s', (kind) => {
  let app: TestApp;

  async function ask(filter: object | null) {
    const { data, errors } = await app.request(
      `query ($filter: CampaignFilter) {
        campaigns(filter: $filter, orderBy: { field: CREATED_AT, direction: DESC }) { totalCount nodes { id } }
        campaignSummary(filter: $filter) { total }
      }`,
      { filter },
    );
    return { data, errors };
  }

  beforeAll(async () => {
    await using stack = new AsyncDisposableStack();
    const simulator = stack.use(await startSimulator({ campaigns: 0 }));
    const { octeth, appizer, bsg } = simulator.providers;
    for (const [place, [externalId, campaign]] of campaigns.entries()) {
      octeth.add({ externalId, ...campaign, createdAt: day(place + 1) });
    }
    appizer.add({ externalId: appizerId, status: 'pending', createdAt: day(8) });
    bsg.add({ externalId: bsgId, name: 'Text to phones', status: 'done', createdAt: day(9) });
    app = stack.use(
      await startTestApp({
        database: await createDatabase(kind),
        accounts: [
          accountAt(simulator, 'octeth'),
          accountAt(simulator, 'bsg'),
          accountAt(simulator, 'appizer'),
        ],
        follow: [{ account: 'appizer-main', externalId: appizerId }],
      }),
    );
    await until(async () => (await ask(null)).data.campaigns.totalCount === 9);
    octeth.remove('7');
    await until(async () => (await ask(null)).data.campaigns.totalCount === 8);
    const kept = stack.move();
    return () => kept.disposeAsync();
  });

  /** Newest first. */
  const known = ids('1', '2', '3', '4', '5', '6', appizerId, bsgId);

  test.each<[object | null, readonly string[]]>([
    [null, known],
    [{}, known],
    [{ ids: ids('3', appizerId, '999') }, ids('3', appizerId)],
    [{ ids: [] }, []],
    [{ ids: null }, known],
    [{ accounts: ['appizer-main', 'bsg-main', 'nobody'] }, ids(appizerId, bsgId)],
    [{ accounts: [] }, []],
    [{ providers: ['octeth'] }, ids('1', '2', '3', '4', '5', '6')],
    [{ providers: ['selzy'] }, []],
    [{ channels: ['SMS', 'PUSH'] }, ids(appizerId, bsgId)],
    [{ channels: [] }, []],
    [{ statuses: ['SENDING', 'COMPLETED'] }, ids('3', '4', bsgId)],
    [{ statuses: ['REJECTED'] }, []],
    [{ active: true }, ids('2', '3', appizerId)],
    [{ active: false }, ids('1', '4', '5', '6', bsgId)],
    [{ search: 'sPRing' }, ids('1', '2')],
    [{ search: '' }, known],
    [{ search: '%' }, ids('2')],
    [{ search: '_' }, ids('3')],
    [{ search: 'r_s' }, ids('3')],
    [{ search: '\\' }, ids('6')],
    [{ search: '"quote"' }, ids('6')],
    [{ search: "'" }, []],
    [{ search: 'ВЕСЕННЯЯ распродажа' }, ids('5')],
    [{ search: 'РаСпРо' }, ids('5')],
    [{ search: 'nothing like it' }, []],
    [{ search: '\u0000' }, []],
    [{ search: '\ud800' }, []],
    [{ tags: ['sale'] }, ids('1', '2', '4')],
    [{ tags: ['sale', 'launch'] }, ids('1', '4')],
    [{ tags: ['launch', '100%'] }, ids('4')],
    [{ tags: ['SALE'] }, []],
    [{ tags: ['sal'] }, []],
    [{ tags: ['sale off'] }, ids('3')],
    [{ tags: ['Распродажа'] }, ids('5')],
    [{ tags: ['say "sale"'] }, ids('6')],
    [{ tags: ['b\\'] }, ids('6')],
    [{ tags: ['","'] }, []],
    [{ tags: ['\u0000'] }, []],
    [{ tags: [] }, known],
    [{ createdAfter: new Date(day(2.5)) }, ids('1', '2')],
    [{ createdBefore: new Date(day(7.5)) }, ids(appizerId, bsgId)],
    [{ createdAfter: new Date(day(4.5)), createdBefore: new Date(day(2.5)) }, ids('3', '4')],
    [{ createdAfter: new Date(day(1)), createdBefore: new Date(day(2)) }, []],
    [{ createdAfter: '0001-01-01T00:00:00Z', createdBefore: '9999-12-31T23:59:59Z' }, known],
    [{ deleted: false }, known],
    [{ deleted: true }, ids('7')],
    [{ deleted: true, active: true }, []],
    [{ deleted: null }, [...ids('1', '2', '3', '4', '5', '6', '7'), ...ids(appizerId, bsgId)]],
    [{ deleted: null, tags: ['sale'] }, ids('1', '2', '4', '7')],
    [{ active: null, search: null, tags: null, statuses: null, createdAfter: null }, known],
    [{ providers: ['octeth'], accounts: ['bsg-main'] }, []],
    [{ statuses: ['SENDING', 'COMPLETED'], active: true, channels: ['EMAIL'] }, ids('3')],
    [
      {
        ids: ids('1', '2', '4'),
        accounts: ['octeth-main'],
        providers: ['octeth'],
        channels: ['EMAIL'],
        statuses: ['DRAFT', 'SCHEDULED'],
        active: false,
        search: 'SALE',
        tags: ['launch', 'sale'],
        createdAfter: new Date(day(20)),
        createdBefore: new Date(day(0.5)),
        deleted: false,
      },
      ids('1'),
    ],
  ])('%j', async (filter, expected) => {
    const { data, errors } = await ask(filter);
    expect(errors).toBeUndefined();
    expect(data.campaigns.nodes.map((node: { id: string }) => node.id)).toEqual(expected);
    expect(data.campaigns.totalCount).toBe(expected.length);
    expect(data.campaignSummary.total).toBe(expected.length);
  });

  test.each([{ ids: ['camp_1'] }, { ids: ['account:octeth-main'] }, { ids: [...ids('1'), ''] }])(
    'a malformed id is refused: %j',
    async (filter) => {
      const { errors } = await ask(filter);
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_INPUT', argument: 'ids' });
    },
  );
});
