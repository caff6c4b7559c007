import { expect, test } from 'vitest';
import { expectAnswer } from './support/fuzz-answer.ts';
import { diceFor } from './support/fuzz-dice.ts';
import { goWithoutGrowth } from './support/fuzz-growth.ts';
import { oddBytes, webhookRequest } from './support/fuzz-http.ts';
import { exchange, written } from './support/fuzz-wire.ts';
import { type FuzzWorld, operatorHeaders, startFuzzWorld } from './support/fuzz-world.ts';
import { until } from './support/wait.ts';

const seed = 13;
const oddConnections = 4_000;
const webhookConnections = 2_200;
/** One after the other over each connection, without waiting for answers. */
const webhooksEach = 20;

test(`${oddConnections} connections that speak HTTP oddly, or something else, get no status of ours above 499`, {
  timeout: 120_000,
}, async () => {
  await using world = await startFuzzWorld();
  const { app } = world;
  const { host } = new URL(app.url);

  async function run(number: number): Promise<void> {
    const dice = diceFor(seed, number);
    const bytes = oddBytes(dice, host);
    const statuses = await exchange(app.url, bytes, { reset: dice.chance(0.1) });
    if (statuses.some((status) => status >= 500))
      throw new Error(`${statuses} to ${JSON.stringify(String(bytes))}`);
  }

  await goWithoutGrowth(app, { count: oddConnections, seed, run });
});

/** Paths of notifications that are waited for, as the provider was told them. */
async function askForReports({ app, simulator }: FuzzWorld): Promise<string[]> {
  for (const externalId of ['501', '502', '503']) {
    const input = `{ campaignId: "campaign:selzy-main:${externalId}" }`;
    const query = `mutation { requestDeliveryReport(input: ${input}) { errors { code } } }`;
    const body = JSON.stringify({ query });
    expectAnswer(await app.send({ method: 'POST', path: '/graphql', headers: operatorHeaders, body }));
  }
  return until(() => {
    const paths = simulator.providers.selzy.requests.flatMap(({ parameters }) =>
      parameters.notify_url ? [new URL(parameters.notify_url).pathname] : [],
    );
    return paths.length === 3 && paths;
  });
}

test(`${webhookConnections * webhooksEach} notifications of every sort are all answered, and lead to few questions`, {
  timeout: 120_000,
}, async () => {
  await using world = await startFuzzWorld({ selzyTaskSeconds: 3_600 });
  const { app, simulator } = world;
  const { host } = new URL(app.url);
  const waitedFor = await askForReports(world);

  async function run(number: number): Promise<void> {
    const dice = diceFor(seed, number);
    const requests = dice.times(webhooksEach, webhooksEach, () => webhookRequest(dice, waitedFor));
    const statuses = await exchange(app.url, requests.map((request) => written(request, host)).join(''));
    expect(statuses).toHaveLength(webhooksEach);
    for (const [place, status] of statuses.entries()) {
      const isKnown = requests[place]?.method === 'POST' && waitedFor.includes(requests[place].target);
      if (isKnown ? status !== 200 : status < 400 || status >= 500)
        throw new Error(`${status} to ${JSON.stringify(requests[place])}`);
    }
  }

  await goWithoutGrowth(app, { count: webhookConnections, seed, run });
  const looks = simulator.providers.selzy.requests.filter(({ operation }) => operation === 'getTaskResult');
  expect(looks.length).toBeLessThan(500);
});
