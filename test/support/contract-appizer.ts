import { expect } from 'vitest';
import type { Contract } from './contract.ts';
import { createdAt, finishedAt, startedAt, stats } from './contract-campaign.ts';

export const appizer: Contract = {
  campaign: { status: 'completed' },
  reading: {
    status: 'COMPLETED',
    providerStatus: 'completed',
    createdAt,
    startedAt,
    finishedAt,
    stats: stats(
      {
        recipients: 100,
        queued: 0,
        sent: 95,
        delivered: 90,
        failed: 5,
        unreported: 5,
        opened: 40,
        clicked: 10,
      },
      false,
    ),
  },
  statuses: [
    [{ status: 'pending' }, 'QUEUED'],
    [{ status: 'sending' }, 'SENDING'],
    [{ status: 'completed' }, 'COMPLETED'],
    [{ status: 'failed' }, 'FAILED'],
    [{ status: 'cancelled' }, 'CANCELED'],
    [{ status: 'canceled' }, 'CANCELED'],
  ],
  counters: {
    recipients: 'stats.total_recipients',
    sent: 'stats.sent',
    delivered: 'stats.delivered',
    failed: 'stats.failed',
    opened: 'stats.opened',
    clicked: 'stats.clicked',
  },
  fields: [
    [['created_at'], ['createdAt']],
    [['sent_at'], ['startedAt']],
    [['completed_at'], ['finishedAt']],
    [['stats'], ['stats']],
    [['campaign_id', 'rates'], []],
  ],
  bare: { status: 'COMPLETED', providerStatus: 'completed' },
  // The simulator tells the rest of its minute.
  limitedForMs: { told: 7_000, untold: expect.any(Number) },
  foreign: null,
  changes: {},
  sentAfterRefusal: 1,
  list: null,
};
