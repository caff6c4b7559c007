import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ActionName, actionNames } from '../model/action.ts';
import { type CampaignStatus, campaignStatuses } from '../model/campaign.ts';
import type { Provider } from '../providers/provider.ts';
import { refusalOf, unsupported } from './allowed.ts';

const provider: Provider = {
  name: 'sample',
  title: 'Sample',
  channels: ['EMAIL'],
  capabilities: [],
  actions: {
    UPDATE: ['DRAFT', 'PAUSED'],
    COPY: campaignStatuses,
    APPROVE: ['DRAFT', 'PENDING_APPROVAL'],
    PAUSE: ['SENDING'],
    RESUME: ['PAUSED'],
    CANCEL: ['PENDING_APPROVAL', 'SCHEDULED', 'QUEUED', 'SENDING', 'PAUSED'],
    DELETE: ['DRAFT', 'REJECTED', 'COMPLETED', 'CANCELED', 'FAILED'],
  },
  requestBudgets: [],
  requestsPerRead: 1,
  settings: z.object({}),
  open: () => ({ read: async () => null }),
};

const account = { provider };

function codeOf(status: CampaignStatus, action: ActionName, deletedAt: number | null = null) {
  return refusalOf(account, { status, deletedAt }, action)?.code ?? 'allowed';
}

test.each<readonly [CampaignStatus, readonly ActionName[]]>([
  ['DRAFT', ['UPDATE', 'COPY', 'APPROVE', 'DELETE']],
  ['PENDING_APPROVAL', ['COPY', 'APPROVE', 'CANCEL']],
  ['REJECTED', ['COPY', 'DELETE']],
  ['SCHEDULED', ['COPY', 'CANCEL']],
  ['QUEUED', ['COPY', 'CANCEL']],
  ['SENDING', ['COPY', 'PAUSE', 'CANCEL']],
  ['PAUSED', ['UPDATE', 'COPY', 'RESUME', 'CANCEL']],
  ['COMPLETED', ['COPY', 'DELETE']],
  ['CANCELED', ['COPY', 'DELETE']],
  ['FAILED', ['COPY', 'DELETE']],
  // Nobody knows what such a word allows, so the provider is to tell.
  ['UNKNOWN', ['UPDATE', 'COPY', 'APPROVE', 'PAUSE', 'RESUME', 'CANCEL', 'DELETE']],
])('what can be done with a campaign that is %s', (status, allowed) => {
  for (const action of actionNames) {
    const refused = action === 'REQUEST_DELIVERY_REPORT' ? 'NOT_SUPPORTED' : 'INVALID_STATE';
    expect([action, codeOf(status, action)]).toEqual([
      action,
      allowed.includes(action) ? 'allowed' : refused,
    ]);
  }
});

test('nothing can be done with a campaign that its provider no longer has, whatever it was', () => {
  for (const status of campaignStatuses) {
    for (const action of actionNames) {
      const refused = action === 'REQUEST_DELIVERY_REPORT' ? 'NOT_SUPPORTED' : 'NOT_FOUND';
      expect([status, action, codeOf(status, action, 1_000)]).toEqual([status, action, refused]);
    }
  }
});

test('what the provider does not offer is told of the account too, without a campaign', () => {
  const codes = actionNames.map((action) => unsupported(account, action)?.code ?? null);
  expect(codes).toEqual([null, null, null, null, null, null, null, 'NOT_SUPPORTED']);
});

describe('a refusal', () => {
  const sending = { status: 'SENDING', deletedAt: null } as const;

  test.each<readonly [ActionName, { status: CampaignStatus; deletedAt: number | null }, string]>([
    ['REQUEST_DELIVERY_REPORT', sending, "At Sample a campaign can't be reported on through its API."],
    ['PAUSE', { ...sending, deletedAt: 1 }, 'Sample no longer has the campaign.'],
    ['RESUME', sending, "A campaign that is SENDING can't be resumed, only one that is PAUSED."],
    [
      'APPROVE',
      sending,
      "A campaign that is SENDING can't be approved, only one that is DRAFT or PENDING_APPROVAL.",
    ],
  ])('of %s says why, and blames the id', (action, campaign, message) => {
    expect(refusalOf(account, campaign, action)).toMatchObject({
      message,
      argument: ['id'],
      providerCode: null,
      retryAfterMs: null,
    });
  });
});
