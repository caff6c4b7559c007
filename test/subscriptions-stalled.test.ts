import { describe, expect, test } from 'vitest';
import {
  idOf,
  type QuietApp,
  type Seen,
  startQuietApp,
  watchConnections,
  watchWarnings,
} from './support/quiet-app.ts';
import { type Change, slowTransports, slowWebSocket } from './support/slow-socket.ts';
import { until } from './support/wait.ts';

const externalIds = ['a', 'b', 'c', 'd'];
const ids = externalIds.map(idOf);
const rounds = 2_500;
/** More than are told one by one never wait, so that who reads gets each change by itself. */
const roundsAtATime = 20;
const statuses = ['SENDING', 'PAUSED', 'QUEUED'] as const;
/** Long, so that what waits for a client is far more than the system takes off our hands. */
const sender = 'Shop '.repeat(800);

/** Each campaign in each round; every third of them has another status than in the round before. */
function seenIn(round: number): Seen[] {
  return externalIds.map((externalId, place) => {
    const status = statuses[Math.floor((round + place) / 3) % statuses.length] ?? 'SENDING';
    return { externalId, status, sent: round, sender };
  });
}

/** The transitions of each campaign, from the first round to the last. */
function transitionsOf(place: number) {
  const seen = Array.from({ length: rounds + 1 }, (_, round) => seenIn(round)[place]?.status);
  return seen.flatMap((to, round) => {
    const from = seen[round - 1];
    return round === 0 || from === to ? [] : [{ from, to }];
  });
}

function ofCampaign(events: readonly Change[], id: string): Change[] {
  return events.filter(({ campaign }) => campaign.id === id);
}

/** A subscription that began with the first round was told all of the past, whatever was merged. */
async function expectWholePast(app: QuietApp, events: readonly Change[]): Promise<void> {
  for (const [place, id] of ids.entries()) {
    const told = ofCampaign(events, id);
    expect(told[0]).toMatchObject({ cause: 'SNAPSHOT', fromRevision: 1, revision: 1, transitions: [] });
    const later = told.slice(1);
    expect(later.map(({ fromRevision }) => fromRevision)).toEqual(
      told.slice(0, -1).map(({ revision }) => revision),
    );
    expect(later.flatMap(({ transitions }) => transitions)).toEqual(transitionsOf(place));
    const { data } = await app.request(
      'query ($id: ID!) { campaign(id: $id) { revision status stats { sent } } }',
      { id },
    );
    expect(data.campaign).toEqual({
      revision: rounds + 1,
      status: seenIn(rounds)[place]?.status,
      stats: { sent: rounds },
    });
    const { revision, stats, campaign } = told.at(-1) ?? {};
    expect({ revision, stats, status: campaign?.status }).toEqual(data.campaign);
  }
}

const isThrough = (events: readonly Change[]) =>
  ids.every((id) => events.findLast(({ campaign }) => campaign.id === id)?.revision === rounds + 1);

describe.each(slowTransports)('a client that stops reading, over %s', (_name, connect) => {
  test('is held little for, keeps nobody waiting, and gets what it missed merged', async () => {
    await using app = await startQuietApp();
    await app.see(...seenIn(0));
    using connections = watchConnections();
    using warnings = watchWarnings();
    using stalled = await connect(app.url, { ids });
    using reading = await slowWebSocket(app.url, { ids });
    await until(() => stalled.events.length === 4 && reading.events.length === 4);
    expect(await app.metric('subscription_groups')).toBe(1);
    stalled.stopReading();
    let held = 0;
    for (let round = 1; round <= rounds; round += 1) {
      await app.see(...seenIn(round));
      held = Math.max(held, connections.mostHeld());
      if (round % roundsAtATime === 0) await until(() => reading.events.length === 4 * (round + 1));
    }
    const most = 64 * 1024;
    expect(held).toBeGreaterThan(most / 4);
    expect(held).toBeLessThan(most + 2 * sender.length);
    await expectWholePast(app, reading.events);
    expect(isThrough(stalled.events)).toBe(false);
    stalled.readOn();
    await until(() => isThrough(stalled.events));
    await expectWholePast(app, stalled.events);
    expect(stalled.events.length).toBeLessThan(reading.events.length / 2);
    // It joins the others again.
    let sent = rounds;
    await until(async () => {
      sent += 1;
      const executions = await app.metric('subscription_executions_total');
      await app.see({ externalId: 'a', status: 'COMPLETED', sent });
      await until(() => [stalled, reading].every(({ events }) => events.at(-1)?.stats.sent === sent));
      return (await app.metric('subscription_executions_total')) === executions + 1;
    });
    expect(warnings.told).toEqual([]);
  });
});
