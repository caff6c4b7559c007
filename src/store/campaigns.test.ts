import { describe, expect, test } from 'vitest';
import { createDatabase, databaseKinds } from '../../test/support/databases.ts';
import { nextStep } from '../campaigns/changes.ts';
import type { Campaign, CampaignReading } from '../model/campaign.ts';
import { type Counters, countersOf } from '../model/stats.ts';
import { type CampaignOrder, createCampaignStore, orderFields, type Page, placeOf } from './campaigns.ts';
import { openDatabase } from './database.ts';
import { createChangeLog } from './log.ts';

interface Given extends Partial<CampaignReading> {
  readonly account?: string;
  readonly changedAt?: number;
  readonly counters?: Partial<Counters>;
  readonly final?: boolean;
}

/** A store with these campaigns, in the order of their external ids "00", "01" and so on. */
async function openStore(url: string, given: readonly Given[]) {
  const database = await openDatabase(url, () => {});
  await createChangeLog(database).write(['none'], () =>
    given.map(({ account = 'main', changedAt = 1, counters, final = false, ...told }, place) => {
      const reading: CampaignReading = {
        externalId: String(place).padStart(2, '0'),
        status: 'SENDING',
        providerStatus: 'word',
        raw: {},
        ...(counters && { stats: { counters: countersOf(counters), final } }),
        ...told,
      };
      const cause = 'POLL' as const;
      const observed = {
        account,
        channel: 'EMAIL',
        reading,
        at: changedAt,
        cause,
        previousAt: null,
      } as const;
      const step = nextStep(null, observed, place + 1);
      if (!step) throw new Error('There is no step.');
      return { campaign: step.campaign, raw: null, entries: [step.entry] };
    }),
  );
  return Object.assign(createCampaignStore(database), { [Symbol.asyncDispose]: () => database.destroy() });
}

const all = { accounts: ['main'] };

describe.each(databaseKinds)('stored campaigns on %s', (kind) => {
  describe.each(orderFields)('in the order of %s', (field) => {
    const given: readonly Given[] = [
      { name: 'b', status: 'COMPLETED', createdAt: 30, scheduledAt: 7, changedAt: 5 },
      { name: null, status: 'DRAFT', createdAt: null, scheduledAt: null, changedAt: 9 },
      { name: 'A', status: 'SENDING', createdAt: 10, scheduledAt: 7, changedAt: 5 },
      { name: 'a', status: 'SENDING', createdAt: 10, scheduledAt: null, changedAt: 1 },
      { name: 'Ä', status: 'DRAFT', createdAt: 20, scheduledAt: 3, changedAt: 5 },
      { name: 'z', status: 'UNKNOWN', createdAt: null, scheduledAt: 7, changedAt: 2 },
      { name: null, status: 'FAILED', createdAt: 40, scheduledAt: 1, changedAt: 5 },
    ];

    function compare(one: Campaign, other: Campaign): number {
      const [a, b] = [placeOf(one, field), placeOf(other, field)];
      if (a.value === b.value) return a.key < b.key ? -1 : 1;
      return a.value < b.value ? -1 : 1;
    }

    test.each(['ASC', 'DESC'] as const)(
      '%s, pages forward and back show every campaign once',
      async (direction) => {
        await using store = await openStore(await createDatabase(kind), given);
        const order: CampaignOrder = { field, direction };
        const { campaigns: whole, more } = await store.list(all, order, { limit: 7, fromEnd: false });
        const sorted = [...whole].sort(compare);
        expect(whole).toEqual(direction === 'ASC' ? sorted : sorted.reverse());
        expect(whole).toHaveLength(7);
        expect(more).toBe(false);
        for (const fromEnd of [false, true]) {
          let page: Page = { limit: 3, fromEnd };
          const pages: Campaign[][] = [];
          for (let isMore = true; isMore; ) {
            const next = await store.list(all, order, page);
            pages.push([...next.campaigns]);
            isMore = next.more;
            const edge = fromEnd ? next.campaigns.at(0) : next.campaigns.at(-1);
            if (edge) page = { ...page, [fromEnd ? 'before' : 'after']: placeOf(edge, field) };
          }
          expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
          expect((fromEnd ? pages.reverse() : pages).flat()).toEqual(whole);
        }
      },
    );

    test('a page can lie between two places', async () => {
      await using store = await openStore(await createDatabase(kind), given);
      const order: CampaignOrder = { field, direction: 'DESC' };
      const { campaigns } = await store.list(all, order, { limit: 7, fromEnd: false });
      const [after, before] = [campaigns[1], campaigns[5]];
      if (!after || !before) throw new Error('There are too few.');
      const places = { after: placeOf(after, field), before: placeOf(before, field) };
      expect(await store.list(all, order, { limit: 9, fromEnd: false, ...places })).toEqual({
        campaigns: campaigns.slice(2, 5),
        more: false,
      });
      expect(await store.list(all, order, { limit: 2, fromEnd: true, ...places })).toEqual({
        campaigns: campaigns.slice(3, 5),
        more: true,
      });
    });
  });

  test('a page of none tells whether there are any', async () => {
    await using store = await openStore(await createDatabase(kind), [{}]);
    const order: CampaignOrder = { field: 'NAME', direction: 'ASC' };
    expect(await store.list(all, order, { limit: 0, fromEnd: false })).toEqual({ campaigns: [], more: true });
  });

  test('are counted, and summed up by status', async () => {
    await using store = await openStore(await createDatabase(kind), [
      {
        status: 'SENDING',
        changedAt: 5,
        counters: { recipients: 10, sent: 4, opened: 0, clicked: 2_000_000_000 },
      },
      { status: 'SENDING', changedAt: 3, counters: { recipients: 5 }, final: true },
      {
        status: 'COMPLETED',
        changedAt: 8,
        counters: { sent: 2_000_000_000, clicked: 2_000_000_000 },
        final: true,
      },
      { status: 'DRAFT', changedAt: 1 },
      { status: 'DRAFT', account: 'other', counters: { sent: 1_000 } },
    ]);
    expect(await store.count(all)).toBe(4);
    expect(await store.count({ accounts: ['main', 'other'] })).toBe(5);
    expect(await store.count({ accounts: [] })).toBe(0);
    expect(await store.totals(all)).toEqual({
      byStatus: new Map([
        ['SENDING', 2],
        ['COMPLETED', 1],
        ['DRAFT', 1],
      ]),
      stats: {
        // What is too much for the API's integers (the clicks) is not told.
        ...countersOf({ recipients: 15, sent: 2_000_000_004, opened: 0 }),
        source: 'PROVIDER',
        final: false,
        asOf: 3,
      },
    });
  });

  test('sums are final when all parts are, and there are none without counters', async () => {
    await using store = await openStore(await createDatabase(kind), [
      { status: 'COMPLETED', counters: { sent: 1 }, final: true },
      { status: 'FAILED', counters: { sent: 2 }, final: true },
      { status: 'DRAFT' },
    ]);
    expect((await store.totals(all)).stats).toMatchObject({ sent: 3, final: true });
    expect((await store.totals({ ...all, statuses: ['DRAFT'] })).stats).toBeNull();
    expect(await store.totals({ accounts: [] })).toEqual({ byStatus: new Map(), stats: null });
  });

  test('present states come in pages by key, with the head of the log at that moment', async () => {
    await using store = await openStore(await createDatabase(kind), [{}, {}, { account: 'other' }, {}]);
    const first = await store.snapshotPage(all, null, 2);
    expect(first.campaigns.map(({ key }) => key)).toEqual(['main:00', 'main:01']);
    expect(first.head).toBe(4);
    const second = await store.snapshotPage(all, 'main:01', 2);
    expect(second.campaigns.map(({ key }) => key)).toEqual(['main:03']);
    expect(await store.snapshotPage(all, 'main:03', 2)).toEqual({ campaigns: [], head: null });
  });

  test('those that are followed are told to the poller, of one account', async () => {
    await using store = await openStore(await createDatabase(kind), [
      { status: 'COMPLETED', counters: { sent: 1 }, final: true, scheduledAt: 9, changedAt: 7 },
      { account: 'other' },
    ]);
    expect(await store.followed('main')).toMatchObject([
      {
        key: 'main:00',
        externalId: '00',
        status: 'COMPLETED',
        scheduledAt: 9,
        statsFinal: true,
        changedAt: 7,
        deletedAt: null,
      },
    ]);
    expect(await store.followed('nobody')).toEqual([]);
  });
});
