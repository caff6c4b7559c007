import type { Contract } from './contract.ts';
import { answers, createdAt, scheduledAt, stats } from './contract-campaign.ts';

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

export const selzy: Contract = {
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
  changes: { cancel: { operation: 'cancelCampaign', becomes: 'CANCELED' } },
  sentAfterRefusal: 1,
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
