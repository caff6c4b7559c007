import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Fault, type Simulator, startSimulator } from '../src/simulator/simulator.ts';
import { until } from './support/wait.ts';

/** Calls a provider about a campaign. */
type Ask = (simulator: Simulator, externalId: string, signal?: AbortSignal) => Promise<Response>;

interface Command {
  provider: 'selzy' | 'bsg' | 'octeth';
  operation: string;
  /** Of a campaign that it is for. */
  status: string;
  ask: Ask;
}

function form(fields: Record<string, string>, signal: AbortSignal | null = null): RequestInit {
  return { method: 'POST', body: new URLSearchParams(fields), signal };
}

const cancelAtSelzy: Ask = ({ providers }, campaign_id, signal) => {
  const { baseUrl, apiKey } = providers.selzy;
  return fetch(`${baseUrl}/cancelCampaign`, form({ format: 'json', api_key: apiKey, campaign_id }, signal));
};

const stopAtBsg: Ask = async ({ providers }, externalId, signal) => {
  const { baseUrl, apiKey } = providers.bsg;
  const login = await fetch(`${baseUrl}/api/auth/login`, form({ api_key: apiKey }));
  const { bearer } = z.object({ bearer: z.string() }).parse(await login.json());
  const headers = { authorization: `Bearer ${bearer}` };
  const path = `/api/campaigns/${externalId}/stop`;
  return fetch(`${baseUrl}${path}`, { method: 'PATCH', headers, signal: signal ?? null });
};

function octeth(operation: string, status: string, fields: Record<string, string> = {}): Command {
  const ask: Ask = ({ providers }, id, signal) => {
    const { baseUrl, apiKey } = providers.octeth;
    const about = operation === 'Campaigns.Delete' ? { Campaigns: id } : { CampaignID: id };
    return fetch(
      `${baseUrl}/api.php`,
      form({ Command: operation, APIKey: apiKey, ...about, ...fields }, signal),
    );
  };
  return { provider: 'octeth', operation, status, ask };
}

/** Every call that changes a campaign. */
const commands: readonly Command[] = [
  { provider: 'selzy', operation: 'cancelCampaign', status: 'scheduled', ask: cancelAtSelzy },
  { provider: 'bsg', operation: 'campaign_stop', status: 'sending', ask: stopAtBsg },
  octeth('Campaign.Approve', 'Draft'),
  octeth('Campaign.Cancel', 'Ready'),
  octeth('Campaign.Copy', 'Sent'),
  octeth('Campaign.Create', 'Sent', { CampaignName: 'Another' }),
  octeth('Campaign.Pause', 'Sending'),
  octeth('Campaign.Resume', 'Paused'),
  octeth('Campaign.Update', 'Draft', { CampaignName: 'Another' }),
  octeth('Campaigns.Delete', 'Sent'),
];

describe.each(commands)('$operation', ({ provider: name, operation, status, ask }) => {
  /** Asks under a fault, and leaves once the simulator has the request, which it serves in the same turn. */
  async function askUnder(fault: Fault) {
    await using simulator = await startSimulator({ campaigns: 0 });
    const provider = simulator.providers[name];
    const externalId = provider.add({ status });
    const before = [...provider.campaigns.values()];
    // Neither another operation nor another campaign is the one that was meant.
    provider.fault(fault, { operation: `${operation}?` });
    provider.fault(fault, { operation });
    const leaving = new AbortController();
    const outcome = ask(simulator, externalId, leaving.signal).catch(() => null);
    const asked = () => provider.requests.find((one) => one.operation === operation);
    await until(asked);
    leaving.abort();
    await outcome;
    return { before, after: [...provider.campaigns.values()], request: asked() };
  }

  test.each<Fault>([
    { kind: 'hang' },
    { kind: 'drop' },
    { kind: 'status', status: 500 },
    { kind: 'html' },
    { kind: 'garbage' },
    { kind: 'empty' },
    { kind: 'rateLimited' },
    { kind: 'error', code: 77 },
  ])('is not carried out with %j', async (fault) => {
    const { before, after } = await askUnder(fault);
    expect(after).toEqual(before);
  });

  test.each<Fault>([{ kind: 'dropAnswer' }, { kind: 'hangAnswer' }, { kind: 'dropMidBody' }])(
    'is carried out with %j, and nobody is told',
    async (fault) => {
      const { before, after, request } = await askUnder(fault);
      expect(after).not.toEqual(before);
      expect(request?.status).toBe(null);
    },
  );
});

describe('an answer that is lost', () => {
  const pause = octeth('Campaign.Pause', 'Sending');

  test('ends as a broken connection', async () => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const { octeth: provider } = simulator.providers;
    const id = provider.add({ status: 'Sending' });
    provider.fault({ kind: 'dropAnswer' }, { operation: 'Campaign.Pause', times: 1 });
    await expect(pause.ask(simulator, id)).rejects.toThrow(TypeError);
    expect(provider.campaigns.get(id)?.status).toBe('Paused');
    expect(await (await pause.ask(simulator, id)).json()).toMatchObject({ Success: false, ErrorCode: 3 });
  });

  test('or does not end, until its client or the simulator goes', async () => {
    const simulator = await startSimulator({ campaigns: 0 });
    const { octeth: provider } = simulator.providers;
    const id = provider.add({ status: 'Sending' });
    provider.fault({ kind: 'hangAnswer' }, { externalId: id });
    const ended = expect(pause.ask(simulator, id)).rejects.toThrow(TypeError);
    await until(() => provider.campaigns.get(id)?.status === 'Paused');
    await simulator.stop();
    await ended;
  });

  test.each(['dropAnswer', 'hangAnswer'])('can be ordered over HTTP: %s', async (kind) => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const id = simulator.providers.octeth.add({ status: 'Sending' });
    const order = await fetch(`${simulator.url}/control/octeth/faults`, {
      method: 'POST',
      body: JSON.stringify({ kind, operation: 'Campaign.Pause' }),
    });
    expect(order.status).toBe(201);
    const leaving = new AbortController();
    const outcome = pause.ask(simulator, id, leaving.signal).catch(() => null);
    await until(() => simulator.providers.octeth.campaigns.get(id)?.status === 'Paused');
    leaving.abort();
    expect(await outcome).toBe(null);
  });
});

async function told(answer: Promise<Response>) {
  const response = await answer;
  return { status: response.status, body: z.record(z.string(), z.unknown()).parse(await response.json()) };
}

describe('Selzy cancels', () => {
  test.each(['waits_schedule', 'scheduled', 'censor_hold', 'waits_censor'])('from %s', async (status) => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const id = simulator.providers.selzy.add({ status });
    expect(await told(cancelAtSelzy(simulator, id))).toEqual({ status: 200, body: { result: [] } });
    expect(simulator.providers.selzy.campaigns.get(id)?.status).toBe('canceled');
  });

  test.each(['in_progress', 'stopped', 'analysed', 'completed', 'declined', 'canceled'])(
    'nothing from %s',
    async (status) => {
      await using simulator = await startSimulator({ campaigns: 0 });
      const id = simulator.providers.selzy.add({ status });
      const error = `SF161129-03 [Campaign in status "${status}" can't be cancelled]`;
      expect(await told(cancelAtSelzy(simulator, id))).toEqual({
        status: 200,
        body: { error, code: 'unspecified', result: '' },
      });
      expect(simulator.providers.selzy.campaigns.get(id)?.status).toBe(status);
    },
  );
});

describe('BSG stops', () => {
  test.each(['scheduled', 'sending', 'paused', 'moderation'])('from %s', async (status) => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const id = simulator.providers.bsg.add({ status });
    expect(await told(stopAtBsg(simulator, id))).toMatchObject({
      status: 200,
      body: { data: { id: Number(id), status: 'stopped' } },
    });
    expect(simulator.providers.bsg.campaigns.get(id)?.status).toBe('stopped');
  });

  test.each(['creation', 'done', 'stopped', 'spam'])('nothing from %s', async (status) => {
    await using simulator = await startSimulator({ campaigns: 0 });
    const id = simulator.providers.bsg.add({ status });
    expect(await told(stopAtBsg(simulator, id))).toEqual({
      status: 422,
      body: { message: 'Invalid campaign status', errors: [] },
    });
    expect(simulator.providers.bsg.campaigns.get(id)?.status).toBe(status);
  });
});
