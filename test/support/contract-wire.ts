import { expect } from 'vitest';
import { type Counters, countersOf } from '../../src/model/stats.ts';
import type { CampaignChange } from '../../src/simulator/simulator.ts';
import type { Contract, Told } from './contract.ts';

const minute = 60_000;
const createdAt = Math.floor(Date.now() / minute) * minute - 60 * minute;
const [scheduledAt, startedAt] = [createdAt + 10 * minute, createdAt + 11 * minute];
const finishedAt = startedAt + 50_000;

const answers = { opened: 40, openedTotal: 60, clicked: 10, clickedTotal: 15 };

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

function stats(known: Partial<Counters>, final: boolean) {
  return { counters: countersOf(known), final };
}

const selzyTimes = { statusReason: null, scheduledAt, startedAt: scheduledAt };
const selzyCounters = {
  recipients: 'total',
  sent: 'sent',
  delivered: 'delivered',
  opened: 'read_unique',
  openedTotal: 'read_all',
  clicked: 'clicked_unique',
  clickedTotal: 'clicked_all',
  unsubscribed: 'unsubscribed',
  complained: 'spam',
} as const;

const selzy: Contract = {
  campaign: { status: 'completed' },
  reading: {
    ...selzyTimes,
    status: 'COMPLETED',
    providerStatus: 'completed',
    channel: 'EMAIL',
    createdAt,
    stats: stats(
      { recipients: 100, sent: 95, delivered: 90, ...answers, unsubscribed: 4, complained: 1 },
      true,
    ),
  },
  statuses: [
    [{ status: 'waits_censor' }, 'PENDING_APPROVAL'],
    [{ status: 'censor_hold' }, 'PENDING_APPROVAL'],
    [{ status: 'declined' }, 'REJECTED'],
    [{ status: 'waits_schedule' }, 'QUEUED'],
    [{ status: 'scheduled' }, 'SCHEDULED'],
    [{ status: 'in_progress' }, 'SENDING'],
    [{ status: 'analysed' }, 'COMPLETED'],
    [{ status: 'completed' }, 'COMPLETED'],
    [{ status: 'stopped' }, 'PAUSED'],
    [{ status: 'canceled' }, 'CANCELED'],
    [{ status: 'cancelled' }, 'CANCELED'],
  ],
  counters: selzyCounters,
  fields: [
    [['creation_time'], ['createdAt']],
    [['start_time'], ['scheduledAt', 'startedAt']],
    [Object.values(selzyCounters), ['stats']],
  ],
  bare: { status: 'COMPLETED', providerStatus: 'completed', channel: 'EMAIL', statusReason: null },
  limitedForMs: { told: 60_000, untold: 60_000 },
  foreign: 'PROVIDER_FORBIDDEN',
  list: {
    operation: 'getCampaigns',
    pageSize: 1_000,
    idName: 'id',
    reading: {
      ...selzyTimes,
      status: 'COMPLETED',
      providerStatus: 'completed',
      channel: 'EMAIL',
      name: 'The lookbook is here',
      sender: 'Nordlys <hello@nordlys.example>',
    },
  },
};

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

const bsg: Contract = {
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
  list: { operation: 'campaigns', pageSize: 500, idName: 'id', reading: bsgFacts },
};

const octethReading: Told = {
  status: 'COMPLETED',
  providerStatus: 'Sent',
  name: 'Autumn lookbook',
  statusReason: 'By the system',
  createdAt,
  scheduledAt,
  startedAt,
  finishedAt,
  tags: ['launch', 'sale'],
  stats: stats(
    {
      recipients: 100,
      sent: 95,
      delivered: 90,
      failed: 5,
      ...answers,
      hardBounced: 3,
      softBounced: 2,
      unsubscribed: 4,
    },
    true,
  ),
};

const octethCounters = {
  recipients: 'TotalRecipients',
  sent: 'TotalSent',
  failed: 'TotalFailed',
  opened: 'UniqueOpens',
  openedTotal: 'TotalOpens',
  clicked: 'UniqueClicks',
  clickedTotal: 'TotalClicks',
  hardBounced: 'TotalHardBounces',
  softBounced: 'TotalSoftBounces',
  unsubscribed: 'TotalUnsubscriptions',
} as const;

const octeth: Contract = {
  campaign: { status: 'Sent', scheduleType: 'Immediate' },
  reading: { ...octethReading, throughputPerSecond: 1.9 },
  statuses: [
    [{ status: 'Draft' }, 'DRAFT'],
    [{ status: 'Ready', scheduleType: 'Not Scheduled' }, 'DRAFT'],
    [{ status: 'Pending Approval' }, 'PENDING_APPROVAL'],
    [{ status: 'PendingApproval' }, 'PENDING_APPROVAL'],
    [{ status: 'Pending' }, 'PENDING_APPROVAL'],
    [{ status: 'Ready', scheduleType: 'Future' }, 'SCHEDULED'],
    [{ status: 'Ready', scheduleType: 'Recursive' }, 'SCHEDULED'],
    [{ status: 'Scheduled' }, 'SCHEDULED'],
    [{ status: 'Ready', scheduleType: 'Immediate' }, 'QUEUED'],
    [{ status: 'Ready', scheduledAt: startedAt, extra: { ScheduleType: undefined } }, 'QUEUED'],
    [
      {
        status: 'Ready',
        scheduleType: 'Future',
        scheduledAt: Date.now() + 60 * minute,
        extra: { ScheduleType: undefined },
      },
      'SCHEDULED',
    ],
    [{ status: 'Sending' }, 'SENDING'],
    [{ status: 'Active' }, 'SENDING'],
    [{ status: 'Paused' }, 'PAUSED'],
    [{ status: 'Sent' }, 'COMPLETED'],
    [{ status: 'Completed' }, 'COMPLETED'],
    [{ status: 'Failed' }, 'FAILED'],
  ],
  counters: octethCounters,
  fields: [
    [['CampaignName'], ['name']],
    [['CampaignStatusReason'], ['statusReason']],
    [['CreateDateTime'], ['createdAt']],
    [['SendDate'], ['scheduledAt']],
    [['SendProcessStartedOn'], ['startedAt']],
    [['SendProcessFinishedOn'], ['finishedAt']],
    [['Statistics', 'TotalDelivered', ...Object.values(octethCounters)], ['stats']],
    [['Tags'], ['tags']],
    [['ScheduleType', 'SendTimeZone'], []],
  ],
  bare: { status: 'COMPLETED', providerStatus: 'Sent' },
  limitedForMs: { told: 7_000, untold: null },
  foreign: null,
  list: { operation: 'Campaigns.Get', pageSize: 500, idName: 'CampaignID', reading: octethReading },
};

const appizer: Contract = {
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
  list: null,
};

const contracts = new Map(Object.entries({ selzy, bsg, octeth, appizer }));

/** @throws for a provider that has no table yet */
export function contractOf(name: string): Contract {
  const contract = contracts.get(name);
  if (!contract) throw new Error(`Write down what ${name} says on the wire, in contract-wire.ts.`);
  return contract;
}
