import { describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp, type TestApp } from './support/app.ts';
import { createDatabase, databaseKinds } from './support/databases.ts';
import { mutate } from './support/mutate.ts';
import { overSse, overWebSocket, type Subscribed } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const payload = `campaign { id name status providerStatus scheduledAt revision actions { name allowed } }
  errors { code message path providerCode }`;

/** Runs a mutation that has to work, and gives the campaign of its payload. */
async function run(app: TestApp, mutation: string, input: object) {
  const answer = await mutate(app, mutation, input, payload);
  expect(answer.errors).toEqual([]);
  return answer.campaign;
}

/** What a clock in Berlin shows at a moment, to the second. */
function inBerlin(at: number) {
  const [date = '', time = ''] = new Date(at)
    .toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' })
    .split(' ');
  return { date, time, timeZone: 'Europe/Berlin' };
}

function allowed(campaign: { actions: readonly { name: string; allowed: boolean }[] }) {
  return campaign.actions.filter((action) => action.allowed).map(({ name }) => name);
}

/** The last status that a subscriber was told of. */
function toldStatus({ events }: Subscribed, id: string): string | undefined {
  const told = events.filter(({ campaign }) => campaign.id === id);
  return told.flatMap(({ transitions }) => transitions).at(-1)?.to;
}

/** A campaign's steps in short: "MUTATION DRAFT", "POLL STATS". */
function stepsOf({ events }: Subscribed, id: string): string[] {
  const told = events.filter(({ campaign }) => campaign.id === id);
  return told.map(({ cause, kinds, transitions }) => {
    if (kinds.includes('DELETED')) return `${cause} DELETED`;
    const statuses = transitions.map(({ to }: { to: string }) => to);
    return [cause, ...(statuses.length > 0 ? statuses : kinds)].join(' ');
  });
}

const changes = `subscription {
  campaignUpdated(filter: { accounts: ["octeth-main"] }) {
    campaign { id } cause kinds transitions { to } fromRevision revision changedFields
  }
}`;

describe.concurrent.each(databaseKinds)('a whole life over GraphQL alone, on %s', (kind) => {
  test('each step is one change, told at once', async () => {
    await using simulator = await startSimulator({ campaigns: 0, speed: 40 });
    const database = await createDatabase(kind);
    await using app = await startTestApp({ database, accounts: [accountAt(simulator, 'octeth')] });
    using told = overWebSocket(app.url, changes);
    using toldOverSse = overSse(app.url, changes);
    await until(async () => (await (await fetch(`${app.url}/metrics`)).text()).includes('subscribers 2'));

    const draft = await run(app, 'createCampaign', {
      account: 'octeth-main',
      name: 'Winter sale',
    });
    expect(draft).toMatchObject({ name: 'Winter sale', status: 'DRAFT', revision: 1 });
    const { id } = draft;

    const sendAt = Math.ceil(Date.now() / 1000 + 3) * 1000;
    const planned = await run(app, 'updateCampaign', {
      id,
      settings: {
        emailId: '12',
        schedule: { at: inBerlin(sendAt) },
        audience: { lists: { include: ['1', '2'], exclude: ['2:7'] } },
      },
    });
    expect(planned).toMatchObject({ status: 'DRAFT', scheduledAt: new Date(sendAt).toISOString() });

    const approved = await run(app, 'approveCampaign', { id });
    expect(approved).toMatchObject({ status: 'SCHEDULED', providerStatus: 'Ready' });
    expect(allowed(approved)).toEqual(['UPDATE', 'COPY', 'CANCEL', 'DELETE']);

    await until(() => toldStatus(told, id) === 'SENDING');
    const paused = await run(app, 'pauseCampaign', { id });
    expect(paused.status).toBe('PAUSED');
    expect(allowed(paused)).toEqual(['UPDATE', 'COPY', 'RESUME', 'CANCEL', 'DELETE']);
    const resumed = await run(app, 'resumeCampaign', { id });
    expect(resumed.status).toBe('QUEUED');
    await until(() => toldStatus(told, id) === 'COMPLETED');

    const copy = await run(app, 'copyCampaign', { id });
    expect(copy).toMatchObject({ status: 'DRAFT', revision: 1 });
    expect(copy.id).not.toBe(id);
    const inAnHour = { schedule: { at: inBerlin(sendAt + 3_600_000) } };
    const ready = { id: copy.id, status: 'READY', settings: inAnHour };
    expect((await run(app, 'updateCampaign', ready)).status).toBe('SCHEDULED');
    expect((await run(app, 'cancelCampaign', { id: copy.id })).status).toBe('DRAFT');

    expect(await mutate(app, 'deleteCampaigns', { ids: [id, copy.id] })).toEqual({
      deletedIds: [id, copy.id],
      errors: [],
    });

    for (const heard of [told, toldOverSse]) {
      await until(
        () => stepsOf(heard, copy.id).length === 4 && stepsOf(heard, id).at(-1) === 'MUTATION DELETED',
      );
      const counted = (step: string) => step !== 'POLL STATS';
      expect(stepsOf(heard, id).filter(counted)).toEqual([
        'MUTATION DRAFT',
        expect.stringMatching(/^MUTATION .*DETAILS/),
        'MUTATION SCHEDULED',
        'POLL SENDING',
        'MUTATION PAUSED',
        'MUTATION QUEUED',
        'POLL SENDING',
        'POLL COMPLETED',
        'MUTATION DELETED',
      ]);
      expect(stepsOf(heard, copy.id)).toEqual([
        'MUTATION DRAFT',
        'MUTATION SCHEDULED',
        'MUTATION DRAFT',
        'MUTATION DELETED',
      ]);
      for (const one of [id, copy.id]) expect(brokenLinks(heard, one)).toEqual([]);
    }
    const commands = simulator.providers.octeth.requests.map(({ operation }) => operation);
    const changing = commands.filter((command) => !command.endsWith('.Get'));
    expect(changing).toEqual([
      'Campaign.Create',
      'Campaign.Update',
      'Campaign.Approve',
      'Campaign.Pause',
      'Campaign.Resume',
      'Campaign.Copy',
      'Campaign.Update',
      'Campaign.Cancel',
      'Campaigns.Delete',
    ]);
  }, 60_000);
});

/** Steps of a campaign that do not begin where the one before has ended. */
function brokenLinks({ events }: Subscribed, id: string) {
  const steps = events.filter(({ campaign }) => campaign.id === id);
  return steps.filter(({ fromRevision }, place) => fromRevision !== (steps[place - 1]?.revision ?? 0));
}
