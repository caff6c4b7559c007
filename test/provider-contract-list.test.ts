import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { CampaignReading } from '../src/model/campaign.ts';
import { providers } from '../src/providers/index.ts';
import { faults, openAtSimulator, problemOf, without } from './support/contract.ts';
import { sentCampaign } from './support/contract-campaign.ts';
import { contractOf } from './support/contract-wire.ts';
import { until } from './support/wait.ts';

test.each(providers)('$name has a list if it says so', async (provider) => {
  await using at = await openAtSimulator(provider);
  expect(at.list !== undefined).toBe(provider.capabilities.includes('LIST'));
  expect(at.list !== undefined).toBe(contractOf(provider.name).list !== null);
});

/** What every adapter that can list owes the rest of the service. */
describe.each(providers.filter(({ name }) => contractOf(name).list))('$name lists campaigns:', (provider) => {
  const contract = contractOf(provider.name);
  const { operation, pageSize, idName, reading } = contract.list ?? noList();

  test('all that an entry tells', async () => {
    await using at = await openAtSimulator(provider);
    const id = at.simulated.add({ ...sentCampaign, ...contract.campaign });
    const [{ raw, warnings, ...told } = noCampaign(), ...others] = await at.listed();
    expect(told).toEqual({ externalId: id, ...reading });
    expect([warnings, others]).toEqual([[], []]);
    expect(JSON.stringify(raw)).toContain(reading.providerStatus);
  });

  test('an entry with an id and a status tells just these', async () => {
    await using at = await openAtSimulator(provider);
    const id = at.simulated.add({ ...sentCampaign, ...contract.campaign });
    const [whole = noCampaign()] = await at.listed();
    const others = Object.entries(Object(whole.raw)).filter(
      ([name, value]) => name !== idName && value !== reading.providerStatus,
    );
    at.simulated.set(id, { extra: without(others.map(([name]) => name)) });
    const [{ raw, warnings, ...told } = noCampaign()] = await at.listed();
    expect(Object.keys(Object(raw))).toHaveLength(2);
    expect(told).toStrictEqual({ externalId: id, ...contract.bare });
  });

  test('an entry says the same as a read, where it says something', async () => {
    await using at = await openAtSimulator(provider, { campaigns: 12 });
    const standing = [...at.simulated.campaigns.keys()];
    for (const id of standing) at.simulated.set(id, {});
    const listed = await at.listed();
    expect(listed.map(({ externalId }) => externalId).toSorted()).toEqual(standing.toSorted());
    for (const { raw, warnings, ...entry } of listed) {
      const { raw: _, ...alone } = await at.known(entry.externalId);
      // A name or a sender may be told by the list alone.
      expect({ ...entry, ...alone }).toEqual({ ...alone, ...entry, warnings });
    }
  });

  test('every campaign once, over several pages, whatever one entry is like', async () => {
    await using at = await openAtSimulator(provider);
    const ids = Array.from({ length: 2 * pageSize + 5 }, () => at.simulated.add());
    const unreadable = new Set([ids[1], ids[pageSize], ids.at(-1)]);
    for (const id of unreadable) at.simulated.set(id ?? '', { extra: { [idName]: undefined } });
    const pages = await Array.fromAsync(at.list?.pages({ priority: 'poll' }) ?? []);
    const told = pages.flat().map(({ externalId }) => externalId);
    expect(told.toSorted()).toEqual(ids.filter((id) => !unreadable.has(id)).toSorted());
    expect(pages).toHaveLength(3);
    expect(at.simulated.requests.filter((request) => request.operation === operation)).toHaveLength(3);
  });

  test('a last page that is full is the last', async () => {
    await using at = await openAtSimulator(provider);
    const ids = Array.from({ length: pageSize }, () => at.simulated.add());
    expect((await at.listed()).map(({ externalId }) => externalId).toSorted()).toEqual(ids.toSorted());
  });

  test('an entry without a legible status does not spoil the page', async () => {
    await using at = await openAtSimulator(provider);
    const [first, odd, last] = [at.simulated.add(), at.simulated.add(), at.simulated.add()];
    for (const name of ['status', 'CampaignStatus']) {
      at.simulated.set(odd, { extra: { [name]: { deep: true } } });
      const others = (await at.listed()).filter(({ externalId }) => externalId !== odd);
      expect(others.map(({ externalId }) => externalId).toSorted()).toEqual([first, last].toSorted());
    }
  });

  test('an account without campaigns gives none', async () => {
    await using at = await openAtSimulator(provider);
    at.simulated.add({ foreign: true });
    expect(await at.listed()).toEqual([]);
    expect(at.simulated.requests.filter((request) => request.operation === operation)).toHaveLength(1);
  });

  test('every status as a read tells it', async () => {
    await using at = await openAtSimulator(provider);
    const expected = contract.statuses.map(([change, status]) => [at.simulated.add(change), status]);
    expected.push([at.simulated.add({ status: 'Sleeping_Soundly' }), 'UNKNOWN']);
    const told = (await at.listed()).map(({ externalId, status }) => [externalId, status]);
    expect(new Map(told.map(([id, status]) => [id, status]))).toEqual(
      new Map(expected.map(([id, status]) => [id, status])),
    );
  });

  test('raw holds no key', async () => {
    await using at = await openAtSimulator(provider);
    at.simulated.add({ extra: { note: `key ${at.simulated.apiKey}`, token: 'theirs' } });
    const text = JSON.stringify((await at.listed()).map(({ raw }) => raw));
    expect(text).toContain('"note":"key [redacted]"');
    expect(text).not.toContain('theirs');
  });

  test.each(faults)('%j is %s', async (fault, code) => {
    await using at = await openAtSimulator(provider, { timeoutMs: fault.kind === 'hang' ? 200 : 5_000 });
    at.simulated.add();
    at.simulated.fault(fault);
    expect(await problemOf(at.listed())).toMatchObject({ code });
    at.simulated.clearFaults();
    expect(await at.listed()).toHaveLength(1);
    at.simulated.fault(fault, { operation });
    // Where a log-in goes first, a refusal has to meet that too.
    if (fault.kind === 'unauthorized') at.simulated.fault(fault);
    const problem = await problemOf(at.listed());
    expect(problem).toMatchObject({ code });
    expect(inspect(problem, { depth: 9 })).not.toContain(at.simulated.apiKey);
  });

  test('a wrong key, and one that may not', async () => {
    await using wrong = await openAtSimulator(provider, { apiKey: 'wrong-key-5f3a' });
    const problem = await problemOf(wrong.listed());
    expect(problem).toMatchObject({ code: 'PROVIDER_UNAUTHENTICATED' });
    expect(inspect(problem, { depth: 9 })).not.toContain('wrong-key-5f3a');
    await using restricted = await openAtSimulator(provider, { restricted: true });
    expect(await problemOf(restricted.listed())).toMatchObject({ code: 'PROVIDER_FORBIDDEN' });
  });

  test('an error that quotes the key does not give it away', async () => {
    await using at = await openAtSimulator(provider);
    const message = `The key ${at.simulated.apiKey} is odd.`;
    at.simulated.fault({ kind: 'error', code: 77, message }, { operation });
    const problem = await problemOf(at.listed());
    expect(problem.message).toContain('is odd.');
    expect(inspect(problem, { depth: 9 })).not.toContain(at.simulated.apiKey);
  });

  test('a later page that fails leaves the first ones told', async () => {
    await using at = await openAtSimulator(provider);
    for (let count = 0; count <= pageSize; count++) at.simulated.add();
    const told: CampaignReading[] = [];
    const reading = (async () => {
      for await (const page of at.list?.pages({ priority: 'poll' }) ?? []) {
        told.push(...page);
        at.simulated.fault({ kind: 'status', status: 500 });
      }
    })();
    expect(await problemOf(reading)).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(told).toHaveLength(pageSize);
  });

  test('a list that is called off ends', async () => {
    await using at = await openAtSimulator(provider, { timeoutMs: 600_000 });
    await at.listed();
    const before = at.simulated.requests.length;
    at.simulated.fault({ kind: 'hang' });
    const leaving = new AbortController();
    const listing = problemOf(at.listed(leaving.signal));
    await until(() => at.simulated.requests.length > before);
    leaving.abort();
    expect(await listing).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
  });
});

function noList(): never {
  throw new Error('The provider has no list.');
}

function noCampaign(): never {
  throw new Error('The list is empty.');
}
