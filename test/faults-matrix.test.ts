import { describe, expect, test } from 'vitest';
import type { ProblemCode } from '../src/model/problem.ts';
import { type Fault, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp } from './support/app.ts';
import { overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

/** Each provider's words for a campaign that is being sent, and for one that has been. */
const words = {
  selzy: ['in_progress', 'completed'],
  bsg: ['sending', 'done'],
  octeth: ['Sending', 'Sent'],
  appizer: ['sending', 'completed'],
} as const;

interface Expected {
  readonly fault: Fault;
  readonly state: 'DEGRADED' | 'DOWN';
  readonly code: ProblemCode;
}

const faults: readonly Expected[] = [
  { fault: { kind: 'status', status: 500 }, state: 'DOWN', code: 'PROVIDER_UNAVAILABLE' },
  { fault: { kind: 'hang' }, state: 'DOWN', code: 'PROVIDER_UNAVAILABLE' },
  { fault: { kind: 'drop' }, state: 'DOWN', code: 'PROVIDER_UNAVAILABLE' },
  { fault: { kind: 'html' }, state: 'DOWN', code: 'PROVIDER_BAD_RESPONSE' },
  { fault: { kind: 'garbage' }, state: 'DOWN', code: 'PROVIDER_BAD_RESPONSE' },
  { fault: { kind: 'empty' }, state: 'DOWN', code: 'PROVIDER_BAD_RESPONSE' },
  { fault: { kind: 'rateLimited', retryAfterSeconds: 1 }, state: 'DEGRADED', code: 'PROVIDER_RATE_LIMITED' },
  { fault: { kind: 'unauthorized' }, state: 'DOWN', code: 'PROVIDER_UNAUTHENTICATED' },
];

const cases = providerNames.flatMap((provider) => faults.map((one) => ({ provider, ...one })));

const changes = 'subscription { campaignStatusChanged { transitions { to } campaign { id } } }';
const accounts = '{ accounts { name health { state problem { code message } } } }';
const stored = (name: string) =>
  `{ campaign(id: "campaign:${name}:501") { status freshness { stale reason } } }`;

describe.concurrent('a provider that fails', { timeout: 40_000 }, () => {
  test.each(cases)('$provider, $fault.kind', async ({ provider, fault, state, code }) => {
    await using failing = await startSimulator({ campaigns: 0 });
    await using sound = await startSimulator({ campaigns: 0 });
    const [bad, good] = [failing.providers[provider], sound.providers[provider]];
    const [sending, sent] = words[provider];
    bad.add({ externalId: '501', status: sending });
    good.add({ externalId: '501', status: sending });
    await using app = await startTestApp({
      accounts: [
        accountAt(failing, provider, { name: 'bad', timeoutSeconds: 0.3 }),
        accountAt(sound, provider, { name: 'good' }),
      ],
      follow: ['bad', 'good'].map((account) => ({ account, externalId: '501' })),
    });
    const healthOf = async (name: string) => {
      const { data } = await app.request(accounts);
      return data.accounts.find((account: { name: string }) => account.name === name).health;
    };
    const isFresh = async (name: string) => {
      const { data } = await app.request(stored(name));
      return data?.campaign?.status === 'SENDING' && !data.campaign.freshness.stale;
    };
    await until(async () => (await isFresh('bad')) && (await isFresh('good')));
    using told = overWebSocket(app.url, changes);
    const isTold = (name: string) =>
      told.events.some(
        ({ campaign, transitions }) =>
          campaign.id === `campaign:${name}:501` && transitions[0].to === 'COMPLETED',
      );

    bad.fault(fault);
    bad.add({ externalId: '502', status: sending });
    const health = await until(async () => {
      const found = await healthOf('bad');
      return found.state === state && found;
    });
    expect(health.problem.code).toBe(code);
    expect(health.problem.message).toMatch(/\w{3}/);
    expect(health.problem.message).not.toContain(bad.apiKey);

    const known = await app.request(stored('bad'));
    expect(known.errors, 'what is stored is served').toBeUndefined();
    expect(known.data.campaign).toMatchObject({ status: 'SENDING', freshness: { stale: true } });
    expect(known.data.campaign.freshness.reason).toMatch(/\w{3}/);

    const unknown = await app.request('{ campaign(id: "campaign:bad:502") { status } }');
    expect(unknown).toMatchObject({ data: { campaign: null }, errors: [{ extensions: { code } }] });

    good.set('501', { status: sent });
    await until(() => isTold('good'));
    expect(await healthOf('good')).toEqual({ state: 'UP', problem: null });
    expect(await app.request(stored('good'))).toMatchObject({
      data: { campaign: { status: 'COMPLETED', freshness: { stale: false, reason: null } } },
    });

    bad.clearFaults();
    bad.set('501', { status: sent });
    // Selzy does not say when to come back, so it is left alone for a minute: see faults-limits.test.ts.
    if (provider === 'selzy' && fault.kind === 'rateLimited') return;
    await until(() => isTold('bad'), 20_000);
    expect(await healthOf('bad')).toEqual({ state: 'UP', problem: null });
    expect(await app.request(stored('bad'))).toMatchObject({
      data: { campaign: { status: 'COMPLETED', freshness: { stale: false, reason: null } } },
    });
    expect(await app.request('{ campaign(id: "campaign:bad:502") { status } }')).toEqual({
      data: { campaign: { status: 'SENDING' } },
    });
    expect(told.errors).toEqual([]);
  });
});
