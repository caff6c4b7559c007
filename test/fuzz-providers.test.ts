import { describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, providerNames } from './support/app.ts';
import { createDatabase } from './support/databases.ts';
import { expectAnswer } from './support/fuzz-answer.ts';
import { startFuzzApp } from './support/fuzz-app.ts';
import { type Dice, diceFor } from './support/fuzz-dice.ts';
import type { FuzzedOperation } from './support/fuzz-documents.ts';
import { startFuzzedProviders } from './support/fuzz-provider.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const seed = 17;
const answers = 3_000;
const mostRequests = 6_000;
const campaignsEach = 30;

const words = {
  selzy: ['in_progress', 'completed', 'scheduled'],
  bsg: ['sending', 'done', 'paused'],
  octeth: ['Sending', 'Sent', 'Draft'],
  appizer: ['sending', 'completed', 'scheduled'],
} as const;

/** All that is told of a campaign itself. */
const state = `
  id externalId channel name sender status providerStatus statusReason active createdAt scheduledAt startedAt finishedAt
  progress tags revision changedAt deletedAt raw cost { amount currency }
  throughput { perSecond reported estimatedFinishAt } actions { name allowed reason }
  stats { recipients messages queued sent delivered undelivered failed unreported opened openedTotal clicked clickedTotal
    hardBounced softBounced unsubscribed complained rates { delivery open click bounce failure unsubscribe } final asOf }
  freshness { observedAt stale reason nextPollAt }`;

/** And of what became of it. */
const everything = `${state}
  history(first: 3) { nodes { cursor at kinds changedFields transitions { from to providerStatus } stats { sent } } }
  series(points: 5) { at status stats { sent delivered } }
  tasks(first: 3) { nodes { status providerStatus fileUrl problem { code message } report { rowCount badLines
    byOutcome { outcome count } rows(first: 3) { totalCount nodes { recipient outcome providerResult updatedAt fields } } } } }`;

const actions = [
  'pauseCampaign(input: { id: $id }) { errors { code message } }',
  'resumeCampaign(input: { id: $id }) { errors { code message } }',
  'cancelCampaign(input: { id: $id }) { errors { code message } }',
  'approveCampaign(input: { id: $id }) { errors { code message } }',
  'copyCampaign(input: { id: $id }) { campaign { id name } errors { code message } }',
  'updateCampaign(input: { id: $id, name: "Autumn" }) { errors { code message path } }',
  'requestDeliveryReport(input: { campaignId: $id }) { task { id } errors { code message } }',
] as const;

const refreshed = Array.from({ length: 12 }, (_, place) => `id${place}`);
const refresh = `mutation (${refreshed.map((name) => `$${name}: ID!`).join(' ')}) {
  ${refreshed.map((name) => `${name}: refreshCampaign(id: $${name}) { campaign { revision } errors { code message } }`).join(' ')}
}`;
const one = `query ($id: ID!) { campaign(id: $id, maxAgeSeconds: 0) { ${everything} } }`;
const many = `{ campaigns(first: 10, filter: { deleted: null }) { totalCount nodes { ${everything} } } }`;
const sums =
  '{ campaignSummary { total stats { sent delivered } } accounts { health { state problem { message } } budget { used } } }';
const again = 'mutation ($id: ID!) { refreshCampaign(id: $id) { errors { code } } }';
const create =
  'mutation { createCampaign(input: { account: "octeth-main", name: "New" }) { campaign { id } errors { code message } } }';

/**
 * A question that leads to questions to providers, or that asks for what came of them. What differs is in variables, so
 * that no more documents are kept than these.
 */
function anyQuestion(dice: Dice, ids: readonly string[]): FuzzedOperation {
  const id = dice.anyOf(ids) ?? '';
  const kind = dice.below(30);
  if (kind === 0) return { query: many, variables: {} };
  if (kind === 1) return { query: one, variables: { id } };
  if (kind === 2) return { query: one, variables: { id: `${id}${dice.below(1_000)}` } };
  if (kind === 3) return { query: dice.oneOf([sums, create]), variables: {} };
  if (kind < 7) return { query: `mutation ($id: ID!) { ${dice.oneOf(actions)} }`, variables: { id } };
  return { query: refresh, variables: Object.fromEntries(refreshed.map((name) => [name, dice.anyOf(ids)])) };
}

describe.each(['sqlite', 'postgres'] as const)('over %s', (kind) => {
  test(`${answers} answers of providers that are other than they should be leave all else well`, {
    timeout: 120_000,
  }, async () => {
    await using simulator = await startSimulator({
      campaigns: 0,
      selzyTaskSeconds: 0.02,
      selzyCallsPerMinute: 1_000_000,
      appizerCallsPerMinute: 1_000_000,
    });
    await using providers = await startFuzzedProviders(simulator.url, seed);
    const follow = providerNames.flatMap((name) =>
      Array.from({ length: campaignsEach }, (_, place) => {
        const externalId = String(501 + place);
        simulator.providers[name].add({ externalId, status: words[name][place % 3] ?? '' });
        return { account: `${name}-main`, externalId };
      }),
    );
    await using app = await startFuzzApp({
      database: kind === 'sqlite' ? 'sqlite::memory:' : await createDatabase(kind),
      accounts: providerNames.map((name) =>
        accountAt(simulator, name, {
          baseUrl: simulator.providers[name].baseUrl.replace(simulator.url, providers.url),
          requestBudget: { limit: 1_000_000, windowSeconds: 60 },
          timeoutSeconds: 5,
          ...(name === 'selzy' && { reportHosts: ['127.0.0.1'] }),
        }),
      ),
      polling: { fastest: 1, slowest: 10 },
      limits: { documentCost: 10_000_000 },
      follow,
    });
    const ask = async (query: string, variables: object = {}) =>
      expectAnswer(
        await app.send({
          method: 'POST',
          path: '/graphql',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query, variables }),
        }),
      );
    const states = async () => JSON.stringify(await ask('{ accounts { health { state } } }'));
    await until(async () => {
      const { data } = await ask('{ campaigns { totalCount } }');
      return JSON.stringify(data) === `{"campaigns":{"totalCount":${follow.length}}}`;
    });
    const ids = follow.map(({ account, externalId }) => `campaign:${account}:${externalId}`);
    using told = overWebSocket(app.url, `subscription { campaignUpdated { cursor campaign { ${state} } } }`);

    async function goOn(from: number, upTo: number): Promise<number> {
      let number = from;
      while (providers.changed < upTo && number < mostRequests) {
        const run = async (place: number) => {
          const { query, variables } = anyQuestion(diceFor(seed, place), ids);
          await ask(query, variables);
        };
        await app.go({ from: number, to: number + 100, seed, run });
        number += 100;
      }
      return number;
    }

    providers.share = 0.85;
    const half = await goOn(0, answers / 2);
    const before = await app.weigh();
    await goOn(half, answers);
    expect(providers.changed).toBeGreaterThanOrEqual(answers);
    const after = await app.weigh();
    expect(told.errors).toEqual([]);
    expect(told.ended).toBe(false);
    expect(after.unforeseen).toEqual([]);
    expect(after.bytes - before.bytes).toBeLessThan(12_000_000);

    // Once they answer as they should, all is well again.
    providers.share = 0;
    await until(async () => {
      await Promise.all(ids.map((id) => ask(again, { id })));
      return (await states()) === `{"data":{"accounts":[${Array(4).fill('{"health":{"state":"UP"}}')}]}}`;
    }, 30_000);
  });
});
