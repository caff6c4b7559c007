import { setTimeout as delay } from 'node:timers/promises';
import type { SimulatedProvider, Simulator } from '../../src/simulator/simulator.ts';

/** Campaigns that stay as many as they are, and of which something is always another. */

const campaignsEach = 25;
const everyMs = 50;

const words: Readonly<Record<string, readonly string[]>> = {
  selzy: ['in_progress', 'completed'],
  bsg: ['sending', 'paused'],
  octeth: ['Sending', 'Paused'],
  appizer: ['sending', 'completed'],
};

const idOf = (place: number) => String(501 + place);

/** Adds the campaigns. @returns what the service must be told to follow */
export function addCampaigns({ providers }: Simulator) {
  return Object.entries(providers).flatMap(([name, provider]: [string, SimulatedProvider]) =>
    Array.from({ length: campaignsEach }, (_, place) => {
      const externalId = provider.add({
        externalId: idOf(place),
        status: words[name]?.[0] ?? '',
        counters: { recipients: 1_000_000, sent: 0 },
      });
      return { account: `${name}-main`, externalId };
    }),
  );
}

/** Lets one campaign after the other get on a little, until the signal. */
export async function keepAlive({ providers }: Simulator, signal: AbortSignal): Promise<void> {
  const all = Object.entries(providers);
  for (let step = 1; !signal.aborted; step += 1) {
    const [name, provider]: [string, SimulatedProvider] = all[step % all.length] ?? ['', providers.selzy];
    const place = Math.floor(step / all.length) % campaignsEach;
    const status = words[name]?.[step % 50 === 0 ? 1 : 0];
    if (status) provider.set(idOf(place), { status, counters: { sent: step } });
    await delay(everyMs, undefined, { signal }).catch(() => {});
  }
}
