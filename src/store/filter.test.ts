import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { campaignWith } from '../../test/support/campaign.ts';
import { createDatabase, databaseKinds } from '../../test/support/databases.ts';
import { type Campaign, campaignStatuses, channels } from '../model/campaign.ts';
import { type CampaignFilter, matches } from '../model/filter.ts';
import { createCampaignStore } from './campaigns.ts';
import { type Database, openDatabase } from './database.ts';
import { createChangeLog } from './log.ts';

const accounts = ['main', 'other', 'third'] as const;
const order = { field: 'CHANGED_AT', direction: 'ASC' } as const;

/** Few letters, so that things meet; and those that SQL, `like`, JSON and letters' case make trouble with. */
const words = fc.string({
  unit: fc.constantFrom('a', 'B', 'b', 'ß', 'İ', 'Σ', 'é', '%', '_', "'", '"', '\\', ',', ' '),
  maxLength: 4,
});
const tag = fc.oneof(fc.constantFrom('a', 'b', '"a', 'a"', 'a","b', 'a\\', '\\"a'), words);
const moment = fc.integer({ min: 1, max: 6 });

const anyCampaign: fc.Arbitrary<Campaign> = fc
  .record({
    account: fc.constantFrom(...accounts),
    externalId: fc.constantFrom('1', '2', '3', 'x', 'y'),
    channel: fc.constantFrom(...channels),
    name: fc.option(words),
    status: fc.constantFrom(...campaignStatuses),
    createdAt: fc.option(moment),
    tags: fc.array(tag, { maxLength: 3 }),
    deletedAt: fc.option(moment),
    followed: fc.boolean(),
  })
  .map(campaignWith);

const keys = accounts.flatMap((account) => ['1', '2', '3', 'x', 'y', 'none'].map((id) => `${account}:${id}`));

const conditions = {
  keys: fc.subarray(keys),
  channels: fc.subarray([...channels]),
  statuses: fc.subarray([...campaignStatuses]),
  active: fc.boolean(),
  search: words,
  tags: fc.array(tag, { maxLength: 2 }),
  createdAfter: moment,
  createdBefore: moment,
  deleted: fc.boolean(),
};

const someAccounts = fc.subarray([...accounts, 'nobody']);
const everyAccount = fc.constant(accounts);

/** Many conditions at once leave little over: those on texts come alone too. */
const anyFilter: fc.Arbitrary<CampaignFilter> = fc.oneof(
  fc.record({ accounts: someAccounts, ...conditions }, { requiredKeys: ['accounts'] }),
  fc.record({ accounts: everyAccount, tags: conditions.tags }),
  fc.record({ accounts: everyAccount, search: conditions.search }),
);

describe.each(databaseKinds)('a filter on %s means the same as in a subscription', (kind) => {
  let database: Database;

  beforeAll(async () => {
    database = await openDatabase(await createDatabase(kind), () => {});
  });

  afterAll(() => database.destroy());

  /** Makes these the only campaigns that are stored. */
  async function keep(campaigns: readonly Campaign[]): Promise<Campaign[]> {
    const byKey = new Map(campaigns.map((campaign) => [campaign.key, campaign]));
    await database.deleteFrom('campaigns').execute();
    if (byKey.size === 0) return [];
    await createChangeLog(database).write([...byKey.keys()], () =>
      [...byKey.values()].map((campaign) => ({ campaign, raw: null, entries: [] })),
    );
    return [...byKey.values()];
  }

  async function findAndCount(filter: CampaignFilter) {
    const store = createCampaignStore(database);
    const { campaigns } = await store.list(filter, order, { limit: 500, fromEnd: false });
    const { byStatus } = await store.totals(filter);
    const { campaigns: states } = await store.snapshotPage(filter, null, 500);
    return {
      listed: campaigns.map(({ key }) => key),
      told: states.map(({ key }) => key),
      counted: await store.count(filter),
      summed: [...byStatus.values()].reduce((sum, count) => sum + count, 0),
    };
  }

  test('for any campaigns and filters', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyCampaign, { maxLength: 15 }),
        fc.array(anyFilter, { minLength: 1, maxLength: 8 }),
        async (campaigns, filters) => {
          const kept = await keep(campaigns);
          for (const filter of filters) {
            const meant = kept
              .filter((campaign) => matches(filter, campaign.key, campaign.account, campaign))
              .map(({ key }) => key)
              .sort();
            const { length } = meant;
            const found = await findAndCount(filter);
            expect(found).toEqual({ listed: meant, told: meant, counted: length, summed: length });
          }
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  test.each<[string, Partial<CampaignFilter>, Partial<Campaign>, boolean]>([
    ['letters of another case', { search: 'AUTUMN' }, { name: 'autumn Sale' }, true],
    ['letters of another case that are not ASCII', { search: 'ÉTÉ' }, { name: "L'été" }, true],
    ['a wildcard of SQL', { search: '%' }, { name: 'autumn' }, false],
    ['a wildcard of SQL that is there', { search: '_%' }, { name: 'a_%b' }, true],
    ['a part of a tag', { tags: ['sal'] }, { tags: ['sale'] }, false],
    ['a tag with a quote before it', { tags: ['a'] }, { tags: ['"a'] }, false],
    ['two tags in one', { tags: ['b'] }, { tags: ['a","b'] }, false],
    ['a tag that ends in a backslash', { tags: ['a\\'] }, { tags: ['a\\'] }, true],
    ['a tag twice', { tags: ['a', 'a'] }, { tags: ['a'] }, true],
    ['an empty text', { search: '' }, { name: null }, true],
    ['no tags', { tags: [] }, { tags: [] }, true],
    ['no statuses', { statuses: [] }, {}, false],
    ['the very moment of creation', { createdAfter: 5 }, { createdAt: 5 }, false],
    ['a moment of creation that is not told', { createdBefore: 5 }, { createdAt: null }, false],
  ])('for %s', async (_what, filter, over, isMeant) => {
    const [any] = fc.sample(anyCampaign, { numRuns: 1, seed: 1 });
    if (!any) throw new Error('There is no sample.');
    const campaign = { ...any, ...over };
    await keep([campaign]);
    const whole = { accounts: [campaign.account], ...filter };
    expect(matches(whole, campaign.key, campaign.account, campaign), 'in a subscription').toBe(isMeant);
    expect((await findAndCount(whole)).counted, 'in the store').toBe(isMeant ? 1 : 0);
  });
});
