import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { CampaignReading } from '../src/model/campaign.ts';
import { type CounterName, counterNames } from '../src/model/stats.ts';
import { providers } from '../src/providers/index.ts';
import { overlay } from '../src/simulator/overlay.ts';
import { type Fault, startSimulator } from '../src/simulator/simulator.ts';
import { faults, openAtSimulator, problemOf, without } from './support/contract.ts';
import { sentCampaign } from './support/contract-campaign.ts';
import { contractOf } from './support/contract-wire.ts';
import { until } from './support/wait.ts';

/** What every provider's adapter owes the rest of the service, whoever the provider is. */
describe.each(providers)('$name reads a campaign:', (provider) => {
  const contract = contractOf(provider.name);

  test('all that the provider tells', async () => {
    await using at = await openAtSimulator(provider);
    const id = at.simulated.add({ ...sentCampaign, ...contract.campaign });
    const { raw, warnings, ...told } = await at.known(id);
    expect(told).toEqual({ externalId: id, ...contract.reading });
    expect(warnings).toEqual([]);
    expect(JSON.stringify(raw)).toContain(contract.reading.providerStatus);
  });

  test('counters that fit together, at every moment of a campaign', async () => {
    await using at = await openAtSimulator(provider, { campaigns: 12 });
    const ids = [...at.simulated.campaigns.keys()];
    const readings = await Promise.all(ids.map((id) => at.known(id)));
    for (const reading of readings) expect([oddities(reading), reading.warnings]).toEqual([[], []]);
    expect(readings.some(({ stats }) => (stats?.counters.sent ?? 0) > 0)).toBe(true);
    expect(new Set(readings.map(({ status }) => status)).size).toBeGreaterThan(1);
  });

  test('raw holds no key', async () => {
    await using at = await openAtSimulator(provider);
    const note = `key ${at.simulated.apiKey} (${JSON.stringify({ key: at.simulated.apiKey })})`;
    const id = at.simulated.add({ extra: { note, [at.simulated.apiKey]: 1, token: 'theirs' } });
    const { raw } = await at.known(id);
    const text = JSON.stringify(raw);
    expect(text).toContain('"note":"key [redacted]');
    expect(text).not.toContain(at.simulated.apiKey);
    expect(text).not.toContain('theirs');
  });

  test('one that is gone, is not the account’s, or never was, is not found', async () => {
    await using at = await openAtSimulator(provider);
    const [gone, foreign] = [at.simulated.add(), at.simulated.add({ foreign: true })];
    expect(await at.read(gone)).not.toBeNull();
    at.simulated.remove(gone);
    expect(await at.read(gone)).toBeNull();
    const seen = await at.read(foreign).catch((error: unknown) => error);
    expect(seen).toEqual(contract.foreign && expect.objectContaining({ code: contract.foreign }));
  });

  test.each(['../campaigns', 'x/y?z=1#w', 'no such campaign', '0', 'ключ', '%2e%2e', "1' or '1'='1"])(
    'the id %j names nothing',
    async (id) => {
      await using at = await openAtSimulator(provider);
      at.simulated.add();
      expect(await at.read(id)).toBeNull();
    },
  );

  test.each(contract.statuses)('%j is %s', async (change, status) => {
    await using at = await openAtSimulator(provider);
    const word = change.status;
    for (const spelling of [word, word.toUpperCase(), ` ${word}`]) {
      const reading = await at.known(at.simulated.add({ ...change, status: spelling }));
      expect(reading).toMatchObject({ status, providerStatus: spelling });
    }
  });

  test('an unknown status is UNKNOWN, with the provider’s word untouched', async () => {
    await using at = await openAtSimulator(provider);
    const reading = await at.known(at.simulated.add({ status: 'Sleeping_Soundly' }));
    expect(reading).toMatchObject({ status: 'UNKNOWN', providerStatus: 'Sleeping_Soundly' });
    expect(reading.warnings).toEqual([expect.stringContaining('Sleeping_Soundly')]);
  });

  test('fields that nobody knows change nothing', async () => {
    await using at = await openAtSimulator(provider);
    const id = at.simulated.add({ ...sentCampaign, ...contract.campaign });
    const { raw: _, ...before } = await at.known(id);
    at.simulated.set(id, { extra: { novel: { deep: [1, null] }, hasOwnProperty: 'odd', result: [] } });
    const { raw: __, ...after } = await at.known(id);
    expect(after).toEqual(before);
  });

  test('what is not told is absent, neither null nor 0', async () => {
    await using at = await openAtSimulator(provider);
    const extra = without(contract.fields.flatMap(([names]) => names));
    const id = at.simulated.add({ ...sentCampaign, ...contract.campaign, extra });
    // The throughput stands beside the campaign, where `extra` does not reach.
    const { raw, warnings, throughputPerSecond, ...told } = await at.known(id);
    expect(told).toStrictEqual({ externalId: id, ...contract.bare });
  });

  test.each(contract.fields)('without %j all is told but %j', async (names, members) => {
    await using at = await openAtSimulator(provider);
    const id = at.simulated.add({ ...sentCampaign, ...contract.campaign });
    at.simulated.set(id, { extra: without(names) });
    const { raw, warnings, ...told } = await at.known(id);
    const expected = Object.entries(contract.reading).filter(
      ([name]) => !members.some((one) => one === name),
    );
    expect(told).toStrictEqual({ externalId: id, ...Object.fromEntries(expected) });
  });

  test.each<[string, unknown]>([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['no number', 'n/a'],
  ])('a counter that is %s is null, while the others stay', async (_name, value) => {
    await using at = await openAtSimulator(provider);
    const id = at.simulated.add({ ...sentCampaign, ...contract.campaign });
    const whole = (await at.known(id)).stats?.counters;
    for (const [name, path] of wireCounters()) {
      at.simulated.set(id, { extra: atPath(path, value) });
      const counters = (await at.known(id)).stats?.counters;
      expect([name, counters?.[name]]).toEqual([name, null]);
      for (const [other] of wireCounters()) {
        if (other !== name) expect([name, other, counters?.[other]]).toEqual([name, other, whole?.[other]]);
      }
    }
  });

  test('numbers written as texts are the same numbers', async () => {
    await using at = await openAtSimulator(provider);
    const id = at.simulated.add({ ...sentCampaign, ...contract.campaign });
    const numbers = wireCounters().map(([name, path], place) => ({ name, path, count: 1_200 + place }));
    const readAs = async (write: (count: number) => unknown) => {
      const extra = numbers.map(({ path, count }) => atPath(path, write(count))).reduce(overlay, {});
      at.simulated.set(id, { extra });
      const { raw: _, ...reading } = await at.known(id);
      return reading;
    };
    const plain = await readAs((count) => count);
    for (const { name, count } of numbers) expect([name, plain.stats?.counters[name]]).toEqual([name, count]);
    expect(await readAs(String)).toEqual(plain);
    expect(await readAs((count) => ` ${count.toLocaleString('fr')} `)).toEqual(plain);
  });

  describe('a failure is told as what it is', () => {
    test('a wrong key', async () => {
      await using at = await openAtSimulator(provider, { apiKey: 'wrong-key-5f3a' });
      const problem = await problemOf(at.read(at.simulated.add()));
      expect(problem).toMatchObject({ code: 'PROVIDER_UNAUTHENTICATED' });
      expect(inspect(problem, { depth: 9 })).not.toContain('wrong-key-5f3a');
    });

    test('a key that may not', async () => {
      await using at = await openAtSimulator(provider, { restricted: true });
      expect(await problemOf(at.read(at.simulated.add()))).toMatchObject({ code: 'PROVIDER_FORBIDDEN' });
    });

    test.each(faults)('%j is %s', async (fault, code) => {
      await using at = await openAtSimulator(provider, { timeoutMs: fault.kind === 'hang' ? 200 : 5_000 });
      const id = at.simulated.add();
      at.simulated.fault(fault);
      expect(await problemOf(at.read(id))).toMatchObject({ code });
      at.simulated.clearFaults();
      // A log-in has been made by now, so that the same meets the read itself.
      await at.known(id);
      at.simulated.fault(fault);
      const problem = await problemOf(at.read(id));
      expect(problem).toMatchObject({ code });
      expect(problem.message).toMatch(/^\S.*\S$/);
      expect(inspect(problem, { depth: 9 })).not.toContain(at.simulated.apiKey);
    });

    test.each<[Fault, 'told' | 'untold']>([
      [{ kind: 'rateLimited', retryAfterSeconds: 7 }, 'told'],
      [{ kind: 'rateLimited' }, 'untold'],
    ])('%j: its end is %s', async (fault, told) => {
      await using at = await openAtSimulator(provider);
      const id = at.simulated.add();
      const expected = { code: 'PROVIDER_RATE_LIMITED', retryAfterMs: contract.limitedForMs[told] };
      at.simulated.fault(fault, { times: 1 });
      expect(await problemOf(at.read(id))).toMatchObject(expected);
      await at.known(id);
      at.simulated.fault(fault, { times: 1 });
      expect(await problemOf(at.read(id))).toMatchObject(expected);
    });

    test('a provider that is away tells when it will be back', async () => {
      await using at = await openAtSimulator(provider);
      const id = at.simulated.add();
      await at.known(id);
      at.simulated.fault({ kind: 'status', status: 503, retryAfterSeconds: 20 });
      expect(await problemOf(at.read(id))).toMatchObject({ retryAfterMs: 20_000 });
    });

    test('an error that quotes the key does not give it away', async () => {
      await using at = await openAtSimulator(provider);
      const id = at.simulated.add();
      await at.known(id);
      const message = `The key ${at.simulated.apiKey} is odd.`;
      at.simulated.fault({ kind: 'error', code: 77, message });
      const problem = await problemOf(at.read(id));
      expect(problem.message).toContain('is odd.');
      expect(inspect(problem, { depth: 9 })).not.toContain(at.simulated.apiKey);
    });

    test('a provider that can not be reached', async () => {
      const gone = await startSimulator({ campaigns: 0 });
      await gone.stop();
      await using at = await openAtSimulator(provider, { baseUrl: `${gone.url}/${provider.name}` });
      expect(await problemOf(at.read('1'))).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    });

    test.each(['at first', 'later'])('a call that is called off ends, %s', async (when) => {
      await using at = await openAtSimulator(provider, { timeoutMs: 600_000 });
      const id = at.simulated.add();
      if (when === 'later') await at.known(id);
      const before = at.simulated.requests.length;
      at.simulated.fault({ kind: 'hang' });
      const leaving = new AbortController();
      const reading = problemOf(at.read(id, leaving.signal));
      await until(() => at.simulated.requests.length > before);
      leaving.abort();
      expect(await reading).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    });
  });

  function wireCounters(): [CounterName, string][] {
    return counterNames.flatMap((name) => {
      const path = contract.counters[name];
      return path === undefined ? [] : [[name, path]];
    });
  }
});

/** {"a.b": 1} as {a: {b: 1}}. */
function atPath(path: string, value: unknown): Record<string, unknown> {
  const [name = '', ...inner] = path.split('.');
  return { [name]: inner.length === 0 ? value : atPath(inner.join('.'), value) };
}

/** What is wrong with a reading's counters, a sentence each. */
function oddities({ externalId, status, stats }: CampaignReading): string[] {
  const counters = stats?.counters;
  const total = counters?.messages ?? counters?.recipients ?? null;
  const atMost: [string, number | null | undefined, number | null | undefined][] = [
    ['sent', counters?.sent, total],
    ['delivered', counters?.delivered, counters?.sent],
    ['opened', counters?.opened, counters?.delivered],
    ['opened', counters?.opened, counters?.openedTotal],
    ['clicked', counters?.clicked, counters?.opened],
    ['clicked', counters?.clicked, counters?.clickedTotal],
    ['recipients', counters?.recipients, counters?.messages],
  ];
  const found = atMost
    .filter(([, part, whole]) => (part ?? 0) > (whole ?? Number.POSITIVE_INFINITY))
    .map(([name, part, whole]) => `${externalId} (${status}): ${name} is ${part} of ${whole}`);
  const { queued = null, sent = null, failed = null } = counters ?? {};
  if (queued !== null && sent !== null && queued + sent + (failed ?? 0) !== total) {
    found.push(`${externalId} (${status}): ${queued} + ${sent} + ${failed} is not ${total}`);
  }
  return found;
}
