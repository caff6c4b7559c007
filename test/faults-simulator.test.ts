import { describe, expect, test } from 'vitest';
import type { SimulatedProvider } from '../src/simulator/simulator.ts';
import { startSimulator } from '../src/simulator/simulator.ts';

// What the simulator makes of its own answers when it is told to break them.

const id = 'camp_1';

async function startWithOne() {
  const simulator = await startSimulator({ campaigns: 0 });
  const { appizer: provider } = simulator.providers;
  provider.add({ externalId: id, status: 'sending', counters: { recipients: 10, sent: 4 } });
  return { simulator, provider, [Symbol.asyncDispose]: () => simulator.stop() };
}

function get({ baseUrl, apiKey }: SimulatedProvider, signal: AbortSignal | null = null): Promise<Response> {
  const headers = { authorization: `Bearer ${apiKey}` };
  return fetch(`${baseUrl}/notifications/campaigns/${id}`, { headers, signal });
}

async function bodyOf(provider: SimulatedProvider): Promise<string> {
  return (await get(provider)).text();
}

describe('a broken answer', () => {
  test('is reset in its middle', async () => {
    await using at = await startWithOne();
    at.provider.fault({ kind: 'reset' });
    await expect(bodyOf(at.provider)).rejects.toThrow(TypeError);
    expect(at.provider.requests.at(-1)?.status).toBe(null);
  });

  test('drips, until its client leaves', async () => {
    await using at = await startWithOne();
    at.provider.fault({ kind: 'drip' });
    const leaving = new AbortController();
    const response = await get(at.provider, leaving.signal);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    const second = await reader?.read();
    expect([first?.value, second?.value]).toEqual(
      [Buffer.from('{'), Buffer.from('"')].map((one) => new Uint8Array(one)),
    );
    leaving.abort();
    at.provider.clearFaults();
    expect((await get(at.provider)).status).toBe(200);
  });

  test('is half of its JSON, and whole as HTTP', async () => {
    await using at = await startWithOne();
    const whole = await bodyOf(at.provider);
    at.provider.fault({ kind: 'halfJson' });
    const half = await bodyOf(at.provider);
    expect(whole.startsWith(half)).toBe(true);
    expect(half.length).toBe(whole.length >> 1);
  });

  test('is huge, and JSON all the same', async () => {
    await using at = await startWithOne();
    const whole = await bodyOf(at.provider);
    at.provider.fault({ kind: 'huge' });
    const huge = await bodyOf(at.provider);
    expect(huge.length).toBe(50_000_000 + whole.length);
    expect(JSON.parse(huge)).toEqual(JSON.parse(whole));
  });

  test.each([
    [
      'wrongTypes',
      { success: true, campaign_id: { text: id }, status: { text: 'sending' }, stats: expect.any(String) },
    ],
    [
      'wrongValues',
      { success: true, status: { text: 'sending' }, stats: { total_recipients: [10], sent: [4] } },
    ],
  ] as const)('has %s', async (kind, expected) => {
    await using at = await startWithOne();
    at.provider.fault({ kind });
    expect(JSON.parse(await bodyOf(at.provider))).toMatchObject(expected);
  });

  test.each(['reset', 'drip', 'halfJson', 'huge', 'wrongTypes', 'wrongValues'])(
    'can be ordered over HTTP: %s',
    async (kind) => {
      await using at = await startWithOne();
      const ordered = await fetch(`${at.simulator.url}/control/appizer/faults`, {
        method: 'POST',
        body: JSON.stringify({ kind, times: 1 }),
      });
      expect(ordered.status).toBe(201);
    },
  );
});
