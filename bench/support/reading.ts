import type { Observed } from '../../src/campaigns/observe.ts';
import { countersOf } from '../../src/model/stats.ts';

/** What a poll tells of a campaign that is being sent. @param revision its counters: higher each time */
export function readingOf(account: string, place: number, revision: number): Observed {
  const externalId = `camp_${place}`;
  return {
    account,
    channel: 'PUSH',
    externalId,
    cause: 'POLL',
    askedAt: Date.now(),
    reading: {
      externalId,
      status: 'SENDING',
      providerStatus: 'sending',
      stats: {
        counters: countersOf({ sent: revision, delivered: revision, opened: 0, clicked: 0 }),
        final: false,
      },
      raw: null,
    },
  };
}
