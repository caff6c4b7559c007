import { describe, expect, test } from 'vitest';
import { startTestApp } from './support/app.ts';
import { startProvider } from './support/held-provider.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const changes = 'subscription ($ids: [ID!]) { campaignUpdated(ids: $ids) { cause } }';
/** Of so many that are named, the first ones are read as people's questions are, and the others so many at a time. */
const [asPerson, atOnce] = [10, 8];

const idOf = (externalId: string) => `campaign:main:${externalId}`;
const idsOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => idOf(`${name}-${index}`));
const queryOf = (ids: readonly string[]) =>
  `{ ${ids.map((id, index) => `c${index}: campaign(id: "${id}") { id }`).join('\n')} }`;

function startApp(baseUrl: string, limit = 100_000) {
  const requestBudget = { limit, windowSeconds: 60 };
  return startTestApp({
    accounts: [{ name: 'main', provider: 'appizer', apiKey: 'key', baseUrl, requestBudget }],
    polling: { fastest: 3_600, slowest: 3_600 },
  });
}

describe.concurrent('a subscription to 500 campaigns that nobody knows', () => {
  test.each([
    ['WebSocket', overWebSocket],
    ['SSE', overSse],
  ])('has few of them read at a time, and is open soon all the same, over %s', async (_way, subscribe) => {
    await using provider = await startProvider();
    await using app = await startApp(provider.url);
    using told = subscribe(app.url, changes, { ids: idsOf('one', 500) });
    await until(() => provider.asked === asPerson + atOnce);
    // Another one has a few of its own, and waits for its turn with the others.
    using another = subscribe(app.url, changes, { ids: idsOf('other', 500) });
    await until(() => provider.asked === 2 * asPerson + atOnce);
    // What somebody else asks for does not wait for them.
    const asking = app.request(queryOf([idOf('mine')]));
    await until(() => provider.asked === 2 * asPerson + atOnce + 1);
    // Those that wait their turn when the subscriptions have been opened are not read any more.
    const metrics = async () => (await fetch(`${app.url}/metrics`)).text();
    await until(async () => /^campaign_graph_subscribers 2$/m.test(await metrics()));
    await until(() => provider.open === 2 * asPerson + 1);
    provider.answer();
    expect(await asking).toEqual({ data: { c0: null } });
    // The other one may have had its turn once the first one was opened.
    expect(provider.asked).toBeLessThanOrEqual(2 * (asPerson + atOnce) + 1);
    expect([told.errors, another.errors]).toEqual([[], []]);
  });

  test('leaves people their share of the budget', async () => {
    await using provider = await startProvider('at once');
    await using app = await startApp(provider.url, 100);
    using told = overWebSocket(app.url, changes, { ids: idsOf('one', 500) });
    await until(() => provider.asked === 80);
    for (const name of ['a', 'b', 'c'])
      expect(await app.request(queryOf([idOf(name)]))).toEqual({ data: { c0: null } });
    using another = overSse(app.url, changes, { ids: idsOf('other', 500) });
    await until(() => provider.asked === 83 + asPerson);
    expect(await app.request(queryOf([idOf('d')]))).toEqual({ data: { c0: null } });
    expect(provider.asked).toBe(84 + asPerson);
    expect([told.errors, another.errors]).toEqual([[], []]);
  });

  test('has each asked for once, and none again for a while', async () => {
    await using provider = await startProvider('at once');
    await using app = await startApp(provider.url);
    const ids = idsOf('one', 100);
    const subscribers = async () =>
      Number(
        /^campaign_graph_subscribers (\d+)$/m.exec(await (await fetch(`${app.url}/metrics`)).text())?.[1],
      );
    using _first = overWebSocket(app.url, changes, { ids: [...ids, ...ids] });
    await until(async () => (await subscribers()) === 1);
    expect(provider.asked).toBe(100);
    using _again = overSse(app.url, changes, { ids });
    await until(async () => (await subscribers()) === 2);
    expect(await app.request(queryOf(ids.slice(0, 50)))).toEqual({ data: expect.any(Object) });
    expect(provider.asked).toBe(100);
  });
});

describe.concurrent('a query for campaigns that nobody knows', () => {
  test('has as many read as it may have aliases', async () => {
    await using provider = await startProvider();
    await using app = await startApp(provider.url);
    const refused = await app.request(queryOf(idsOf('many', 51)));
    expect(refused.errors).toMatchObject([{ extensions: { code: 'TOO_MANY_ALIASES' } }]);
    const asking = app.request(queryOf(idsOf('one', 50)));
    await until(() => provider.asked === 50);
    // What somebody else asks for does not wait for them.
    const other = app.request(queryOf([idOf('mine')]));
    await until(() => provider.asked === 51);
    provider.answer();
    expect(await other).toEqual({ data: { c0: null } });
    expect((await asking).errors).toBeUndefined();
    // What there is not is not asked for again.
    await app.request(queryOf(idsOf('one', 50)));
    expect(provider.asked).toBe(51);
  });
});
