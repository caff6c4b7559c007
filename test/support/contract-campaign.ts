import { type Counters, countersOf } from '../../src/model/stats.ts';
import type { CampaignChange } from '../../src/simulator/simulator.ts';

export const minute = 60_000;
export const createdAt = Math.floor(Date.now() / minute) * minute - 60 * minute;
export const [scheduledAt, startedAt] = [createdAt + 10 * minute, createdAt + 11 * minute];
export const finishedAt = startedAt + 50_000;

export const answers = { opened: 40, openedTotal: 60, clicked: 10, clickedTotal: 15 };

/** A campaign whose every field says something, and no two the same. */
export const sentCampaign = {
  name: 'Autumn lookbook',
  subject: 'The lookbook is here',
  sender: 'Nordlys',
  senderAddress: 'hello@nordlys.example',
  statusReason: 'By the system',
  createdAt,
  scheduledAt,
  startedAt,
  finishedAt,
  tags: ['launch', 'sale'],
  price: 35.0987645,
  currency: 'USD',
  counters: {
    recipients: 100,
    messages: 120,
    sent: 95,
    delivered: 90,
    ...answers,
    unsubscribed: 4,
    complained: 1,
    failed: 5,
    hardBounced: 3,
    softBounced: 2,
    undelivered: 2,
    expired: 1,
    unknown: 1,
    notOnService: 1,
  },
} satisfies CampaignChange;

export function stats(known: Partial<Counters>, final: boolean) {
  return { counters: countersOf(known), final };
}
