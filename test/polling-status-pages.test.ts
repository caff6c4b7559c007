import { expect, test } from 'vitest';
import { type RecordedRequest, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const polling = { fastest: 0.2, slowest: 60 };
const counters = { recipients: 9, sent: 1 };
/** So many that the list has three pages, and comes round too rarely for campaigns that somebody looks at. */
const ended = 1_100;

const watchAll = `subscription { campaignUpdated(filter: { statuses: [SENDING] }) {
  kinds transitions { to } stats { sent } campaign { id }
} }`;

const idOf = (externalId: string) => `campaign:octeth-main:${externalId}`;

interface OctethOptions {
  /** How many campaigns are sending, and watched. */
  readonly sending: number;
  /** What the server calls that. */
  readonly word?: string;
}

/** An Octeth that knows no CampaignIDs, with many campaigns that have ended. */
async function startOcteth({ sending, word = 'Sending' }: OctethOptions) {
  const simulator = await startSimulator({ campaigns: 0, octethQuirks: { campaignIds: false } });
  const { octeth } = simulator.providers;
  const ids = Array.from({ length: sending }, () => octeth.add({ status: word, counters }));
  const resting = Array.from({ length: ended }, () => octeth.add({ status: 'Sent', counters }));
  const app = await startTestApp({ accounts: [accountAt(simulator, 'octeth')], polling });
  const total = async () =>
    (await app.request('{ campaignSummary { total } }')).data.campaignSummary.total === ended + sending;
  await until(total);
  const told = overWebSocket(app.url, watchAll);
  const countOf = (is: (request: RecordedRequest) => boolean) => octeth.requests.filter(is).length;
  return {
    octeth,
    ids,
    resting,
    told,
    /** How many pages were asked for of those that are sending, and no others. */
    pages: () => countOf(({ parameters }) => parameters.CampaignStatus === 'Sending'),
    /** How many rounds of the whole list have come to their last page. */
    rounds: () =>
      countOf(({ parameters }) => parameters.CampaignStatus === 'All' && parameters.RecordsFrom === '1000'),
    /** How many reads there were of a campaign by itself, or of any. */
    singles: (id?: string) =>
      countOf(
        ({ operation, externalId }) =>
          operation === 'Campaign.Get' && (id === undefined || externalId === id),
      ),
    isTold: (id: string, sent: number) =>
      told.events.some(({ campaign, stats }) => campaign.id === idOf(id) && stats.sent === sent),
    completionsOf: (id: string) =>
      told.events.filter(
        ({ campaign, transitions }) => campaign.id === idOf(id) && transitions[0]?.to === 'COMPLETED',
      ).length,
    async [Symbol.asyncDispose]() {
      told[Symbol.dispose]();
      await app.stop();
      await simulator.stop();
    },
  };
}

/** Waits until something has been counted so many times more. */
async function more(count: () => number, times: number): Promise<void> {
  const before = count();
  await until(() => count() >= before + times);
}

test.concurrent('one page of those that are sending stands for a read of each', async () => {
  await using at = await startOcteth({ sending: 6 });
  const { octeth, ids, pages, singles } = at;
  await more(pages, 3);
  const before = singles();
  await more(pages, 10);
  // One that is due at another time than the rest may be read alone, and is then with them.
  expect(singles() - before).toBeLessThanOrEqual(2);

  for (const [place, id] of ids.entries()) octeth.set(id, { counters: { sent: 2 + place } });
  await until(() => ids.every((id, place) => at.isTold(id, 2 + place)));
});

test.concurrent('one that is on the page no more is looked at by itself, and told as completed once', async () => {
  await using at = await startOcteth({ sending: 6 });
  const { octeth, ids, pages, singles } = at;
  await more(pages, 3);
  const [one = '', ...others] = ids;
  const before = singles(one);
  octeth.set(one, { status: 'Sent', counters: { sent: 9 } });
  await until(() => at.completionsOf(one) === 1);
  expect(at.isTold(one, 9)).toBe(true);

  await more(pages, 6);
  expect(at.completionsOf(one)).toBe(1);
  expect(singles(one) - before, 'a list that comes round just then tells of it first').toBeLessThanOrEqual(1);
  for (const id of others) octeth.set(id, { counters: { sent: 7 } });
  await until(() => others.every((id) => at.isTold(id, 7)));
});

test.concurrent('a single campaign that is due is read by itself', async () => {
  await using at = await startOcteth({ sending: 1 });
  const { octeth, ids, pages, singles } = at;
  const [one = ''] = ids;
  await more(() => singles(one), 8);
  expect(pages()).toBe(0);
  octeth.set(one, { counters: { sent: 5 } });
  await until(() => at.isTold(one, 5));
});

// The word is one of the server's own: a list that is narrowed to Sending does not have it.
test.concurrent('what the server calls something else is read one by one, and nothing is missed', async () => {
  await using at = await startOcteth({ sending: 4, word: 'Active' });
  const { octeth, ids, pages, singles } = at;
  await until(() => pages() > 0);
  for (const id of ids) await more(() => singles(id), 3);
  const before = pages();
  await more(() => singles(ids[0]), 5);
  expect(pages()).toBe(before);
  for (const id of ids) octeth.set(id, { counters: { sent: 5 } });
  await until(() => ids.every((id) => at.isTold(id, 5)));
});

test.concurrent('that all on the page have ended at once does not end the asking for pages', async () => {
  await using at = await startOcteth({ sending: 3 });
  const { octeth, ids, resting, pages, rounds } = at;
  // So that it is the page that tells of it, rather than the whole list.
  await more(rounds, 1);
  await more(pages, 1);
  for (const id of ids) octeth.set(id, { status: 'Sent', counters: { sent: 9 } });
  await until(() => ids.every((id) => at.completionsOf(id) === 1));
  const others = resting.slice(0, 3);
  for (const id of others) octeth.set(id, { status: 'Sending', counters: { sent: 2 } });
  await until(() => others.every((id) => at.isTold(id, 2)));
  await more(pages, 3);
});
