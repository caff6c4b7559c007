import type { Campaign } from '../../src/model/campaign.ts';

/** A campaign that is being sent, of which nothing else is known but what is given. */
export function campaignWith(campaign: Partial<Campaign> = {}): Campaign {
  const { account, externalId } = { account: 'shop', externalId: '1', ...campaign };
  return {
    key: `${account}:${externalId}`,
    account,
    externalId,
    channel: 'EMAIL',
    name: null,
    sender: null,
    status: 'SENDING',
    providerStatus: 'sending',
    statusReason: null,
    createdAt: null,
    scheduledAt: null,
    startedAt: null,
    finishedAt: null,
    stats: null,
    throughput: null,
    cost: null,
    tags: [],
    revision: 1,
    seq: 1,
    changedAt: 0,
    observedAt: 0,
    deletedAt: null,
    followed: true,
    ...campaign,
  };
}
