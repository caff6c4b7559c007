import type { Contract, Told } from './contract.ts';
import { createdAt, finishedAt, scheduledAt, startedAt, stats } from './contract-campaign.ts';

const bsgFacts: Told = {
  status: 'COMPLETED',
  providerStatus: 'done',
  channel: 'SMS',
  name: 'Autumn lookbook',
  sender: 'Nordlys',
  createdAt,
  scheduledAt,
  startedAt,
  finishedAt,
};

export const bsg: Contract = {
  campaign: { status: 'done' },
  reading: {
    ...bsgFacts,
    stats: stats(
      {
        recipients: 100,
        messages: 120,
        queued: 20,
        sent: 95,
        delivered: 90,
        undelivered: 4,
        failed: 5,
        unreported: 1,
        opened: 40,
      },
      false,
    ),
    cost: { amount: '35.0987645', currency: 'USD' },
  },
  statuses: [
    [{ status: 'creation' }, 'QUEUED'],
    [{ status: 'moderation' }, 'PENDING_APPROVAL'],
    [{ status: 'spam' }, 'REJECTED'],
    [{ status: 'scheduled' }, 'SCHEDULED'],
    [{ status: 'sending' }, 'SENDING'],
    [{ status: 'paused' }, 'PAUSED'],
    [{ status: 'stopped' }, 'CANCELED'],
    [{ status: 'done' }, 'COMPLETED'],
  ],
  counters: {
    recipients: 'total_phones',
    messages: 'total_messages',
    failed: 'statistics.failed',
    unreported: 'statistics.unknown',
    opened: 'statistics.read',
  },
  fields: [
    [['name'], ['name']],
    [['sender'], ['sender']],
    [['created_at'], ['createdAt']],
    [['started_at'], ['scheduledAt']],
    [['actual_start_at'], ['startedAt']],
    [['finished_at'], ['finishedAt']],
    [['statistics', 'total_messages', 'total_phones'], ['stats']],
    [['total_price'], ['cost']],
    [['type'], []],
  ],
  bare: { status: 'COMPLETED', providerStatus: 'done', channel: 'SMS' },
  limitedForMs: { told: 7_000, untold: null },
  foreign: null,
  changes: { cancel: { operation: 'campaign_stop', becomes: 'CANCELED' } },
  sentAfterRefusal: 2,
  list: { operation: 'campaigns', pageSize: 500, idName: 'id', reading: bsgFacts },
};
