import { describe, expect, test } from 'vitest';
import type { Simulator } from '../src/simulator/simulator.ts';
import { accountAt } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { configFile, runScript } from './support/process.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

/** A step of a campaign, as a subscription and its history tell it. */
interface Told {
  readonly cursor: string;
  readonly cause: string;
  readonly fromRevision: number;
  readonly revision: number;
  readonly at: string;
  readonly transitions: readonly { readonly from: string | null; readonly to: string }[];
  readonly stats: { readonly sent: number } | null;
  readonly campaign: { readonly id: string };
}

const fields = 'cursor cause fromRevision revision at transitions { from to } stats { sent } campaign { id }';
const changes = `subscription ($ids: [ID!], $after: String) {
  campaignUpdated(ids: $ids, after: $after) { ${fields} }
}`;

const listed = Array.from({ length: 30 }, (_, place) => String(700 + place));
const followed = Array.from({ length: 8 }, (_, place) => `camp_${place}`);
const ids = [
  ...listed.map((id) => `campaign:octeth-main:${id}`),
  ...followed.map((id) => `campaign:appizer-main:${id}`),
];
const rounds = 3;

/** All campaigns at both providers at once: `octeth`'s word and `appizer`'s for the status. */
function setAll({ providers }: Simulator, octeth: string, appizer: string, sent: number): void {
  const counters = { recipients: 1_000_000, sent };
  for (const id of listed) providers.octeth.set(id, { status: octeth, counters });
  for (const id of followed) providers.appizer.set(id, { status: appizer, counters });
}

interface History {
  readonly nodes: readonly Told[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

async function historyPage(url: string, id: string, after: string | null): Promise<History> {
  const query = `query ($id: ID!, $after: String) { campaign(id: $id) {
    history(first: 500, after: $after) { nodes { ${fields} } pageInfo { hasNextPage endCursor } }
  } }`;
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { id, after } }),
  });
  return (await response.json()).data.campaign.history;
}

/** All steps of a campaign, oldest first. */
async function historyOf(url: string, id: string): Promise<Told[]> {
  const steps: Told[] = [];
  let page = await historyPage(url, id, null);
  while (page.pageInfo.hasNextPage) {
    steps.push(...page.nodes);
    page = await historyPage(url, id, page.pageInfo.endCursor);
  }
  return [...steps, ...page.nodes].reverse();
}

function ofCampaign(steps: readonly Told[], id: string): Told[] {
  return steps.filter(({ campaign }) => campaign.id === id);
}

function statusOf(steps: readonly Told[]): string | undefined {
  return steps.flatMap(({ transitions }) => transitions).at(-1)?.to;
}

describe.concurrent.each(databaseKinds)(
  'killed while it writes, and started again, on %s',
  { timeout: 90_000 },
  (kind) => {
    test('it has lost nothing that was told, and tells what was missed, once', async () => {
      await using simulator = await startGenerousSimulator();
      for (const externalId of listed) simulator.providers.octeth.add({ externalId });
      for (const externalId of followed) simulator.providers.appizer.add({ externalId });
      const path = configFile({
        server: { port: 0 },
        database: await createDatabase(kind),
        polling: { fastest: 0.05, slowest: 1 },
        accounts: [accountAt(simulator, 'octeth'), accountAt(simulator, 'appizer')],
        follow: followed.map((externalId) => ({ account: 'appizer-main', externalId })),
      });
      const told: Told[] = [];
      let sent = 0;

      for (let round = 0; round < rounds; round += 1) {
        await using service = runScript('src/main.ts', ['--config', path]);
        const after = told.at(-1)?.cursor;
        using live = overWebSocket(await service.ready(), changes, {
          ids,
          ...(after !== undefined && { after }),
        });
        if (round > 0) {
          // Away, each went from SENDING to PAUSED or CANCELED, and on to where it is found: one change.
          await until(
            () => ids.every((id) => statusOf(ofCampaign(live.events, id)) === statusAway(id)),
            30_000,
          );
        } else await live.atLeast(ids.length);
        const enough = live.events.length + 4 * ids.length;
        await until(() => {
          setAll(simulator, 'Sending', 'sending', ++sent);
          const all = [...told, ...live.events];
          return (
            live.events.length > enough && ids.every((id) => statusOf(ofCampaign(all, id)) === 'SENDING')
          );
        }, 30_000);
        service.send('SIGKILL');
        expect(await service.ended).toBe('SIGKILL');
        told.push(...live.events);
        setAll(simulator, 'Paused', 'completed', ++sent);
        setAll(simulator, 'Sent', 'pending', ++sent);
      }

      await using service = runScript('src/main.ts', ['--config', path]);
      const url = await service.ready();
      using last = overWebSocket(url, changes, { ids, after: told.at(-1)?.cursor });
      await until(() => ids.every((id) => statusOf(ofCampaign(last.events, id)) === statusAway(id)), 30_000);
      const histories = new Map<string, readonly Told[]>();
      for (const id of ids) histories.set(id, await historyOf(url, id));
      const newest = (id: string) =>
        Math.max(0, ...ofCampaign(last.events, id).map(({ revision }) => revision));
      await until(() => ids.every((id) => newest(id) >= (histories.get(id)?.length ?? 0)));
      expect(last.errors).toEqual([]);

      for (const [id, history] of histories) {
        const revisions = history.map(({ revision }) => revision);
        expect(revisions, id).toEqual(history.map((_, place) => place + 1));
        expect(history[0]).toMatchObject({ fromRevision: 0, transitions: [{ from: null }] });

        const all = ofCampaign([...told, ...last.events], id);
        // What is seen after the history was read is not in it.
        const [start, ...steps] = all.filter(({ revision }) => revision <= history.length);
        expect(start).toMatchObject({ cause: 'SNAPSHOT' });
        let revision = start?.revision ?? 0;
        for (const step of steps) {
          expect(step.fromRevision, `${id} at ${step.cursor}`).toBe(revision);
          revision = step.revision;
          // Of merged steps the last one has the counters and the time.
          const { at, stats } = history[revision - 1] ?? {};
          expect({ at, stats }, `${id} at ${step.cursor}`).toEqual({ at: step.at, stats: step.stats });
        }
        const since = history.slice(start?.revision).flatMap(({ transitions }) => transitions);
        expect(steps.flatMap(({ transitions }) => transitions)).toEqual(since);
        const away = since.filter(({ from }) => from === 'SENDING');
        expect(away, id).toEqual(Array(rounds).fill({ from: 'SENDING', to: statusAway(id) }));
      }
    });
  },
);

/** Where a campaign is found after the service was away. */
function statusAway(id: string): string {
  return id.startsWith('campaign:octeth') ? 'COMPLETED' : 'QUEUED';
}
