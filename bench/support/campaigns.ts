import { setTimeout as delay } from 'node:timers/promises';
import {
  type NewCampaign,
  type SimulatedProvider,
  type Simulator,
  startSimulator,
} from '../../src/simulator/simulator.ts';

/** How many campaigns each provider has. Appizer can't list, so it has none; its account is configured all the same. */
export const shares = { selzy: 2_500, bsg: 2_500, octeth: 5_000 } as const;

export const campaignCount = shares.selzy + shares.bsg + shares.octeth;

type ListingProvider = keyof typeof shares;

/** Of ten campaigns: one is under way, one is planned, one is paused, the rest are done. */
const statuses: Readonly<Record<ListingProvider, readonly [string, string, string, string]>> = {
  selzy: ['in_progress', 'scheduled', 'stopped', 'completed'],
  bsg: ['sending', 'scheduled', 'paused', 'done'],
  octeth: ['Sending', 'Ready', 'Paused', 'Sent'],
};

const names = [
  'Autumn lookbook, first wave',
  'Weekly digest',
  'Flash sale, 24 hours',
  'Loyalty: points about to expire',
  'Wholesale price list',
  'Webinar invitation: shop analytics',
  'Customer survey',
];
const tags = ['newsletter', 'launch', 'loyalty', 'seasonal', 'retention', 'b2b', 'events', 'sale'];

/** The four simulators, with `campaignCount` campaigns that stand still, or with none. */
export async function startProviders(filled: boolean): Promise<Simulator> {
  const simulator = await startSimulator({ campaigns: 0, selzyCallsPerMinute: 1_000_000 });
  if (!filled) return simulator;
  for (const provider of ['selzy', 'bsg', 'octeth'] as const) {
    for (let number = 0; number < shares[provider]; number += 1) {
      simulator.providers[provider].add(campaignNumbered(provider, number));
    }
  }
  return simulator;
}

function campaignNumbered(provider: ListingProvider, number: number): NewCampaign {
  const stage = Math.min(3, number % 10);
  const begun = stage !== 1;
  const recipients = 1_000 + ((number * 7_919) % 90_000);
  const sent = begun ? Math.floor(recipients * (stage === 3 ? 1 : 0.4)) : 0;
  const delivered = Math.floor(sent * 0.97);
  const opened = Math.floor(delivered * (0.2 + (number % 30) / 100));
  const clicked = Math.floor(opened * 0.11);
  const createdAt = Date.now() - (1 + (number % 60)) * 86_400_000 - number * 1_000;
  return {
    status: statuses[provider][stage] ?? '',
    name: `${names[number % names.length]} (${number})`,
    subject: `${names[number % names.length]} (${number})`,
    createdAt,
    scheduledAt: createdAt + 3_600_000,
    startedAt: begun ? createdAt + 3_601_000 : null,
    finishedAt: stage === 3 ? createdAt + 7_200_000 : null,
    tags: number % 2 ? [tags[number % tags.length] ?? ''] : ['newsletter', tags[number % tags.length] ?? ''],
    price: sent * 0.0123,
    counters: {
      ...{ recipients, sent, delivered, opened, clicked },
      openedTotal: opened + Math.floor(opened / 3),
      clickedTotal: clicked + Math.floor(clicked / 5),
      unsubscribed: Math.floor(opened * 0.018),
      complained: Math.floor(opened * 0.006),
      failed: Math.floor(sent * 0.01),
      hardBounced: Math.floor(sent * 0.01),
      softBounced: Math.floor(sent * 0.01),
    },
  };
}

/** A configuration of the service with an account at each simulated provider. */
export function configFor(
  { providers }: Simulator,
  database: string,
  polling: { readonly fastest: number; readonly slowest: number },
) {
  const accounts = Object.entries(providers).map(([provider, { baseUrl, apiKey }]) => ({
    name: `${provider}-main`,
    provider,
    apiKey,
    baseUrl,
    requestBudget: { limit: 100_000, windowSeconds: 60 },
  }));
  return { server: { port: 0 }, database, accounts, polling };
}

/** Waits until the service has read every campaign whole: by itself, or in a list that tells everything. */
export async function untilAllRead({ providers }: Simulator): Promise<void> {
  const singly = new Set<string>();
  const tooLong = AbortSignal.timeout(240_000);
  while (singly.size < shares.selzy + shares.bsg || !listedTo(providers.octeth, shares.octeth)) {
    tooLong.throwIfAborted();
    await delay(250);
    for (const name of ['selzy', 'bsg'] as const) {
      for (const { externalId, status } of providers[name].requests) {
        if (externalId !== null && status === 200) singly.add(`${name}:${externalId}`);
      }
    }
  }
  // The last of them are still being written.
  await delay(1_000);
}

function listedTo({ requests }: SimulatedProvider, count: number): boolean {
  return requests.some(
    ({ operation, status, parameters }) =>
      operation === 'Campaigns.Get' &&
      status === 200 &&
      Number(parameters.RecordsFrom) + Number(parameters.RecordsPerRequest) >= count,
  );
}
