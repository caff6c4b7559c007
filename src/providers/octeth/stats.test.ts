import { expect, test } from 'vitest';
import { readCampaign } from './campaign.ts';

const reading = { timeZone: 'UTC', now: Date.UTC(2025, 5, 1), clean: (value: unknown) => value };

function read(campaign: object) {
  const body = { Success: true, ErrorCode: 0, Campaign: { CampaignID: 1, ...campaign } };
  return readCampaign(body, '1', reading);
}

test.each([
  [{ TotalDelivered: 7, TotalSent: 10, TotalHardBounces: 1, TotalSoftBounces: 1 }, { delivered: 7 }],
  [
    { TotalSent: 10, TotalHardBounces: 1 },
    { delivered: null, hardBounced: 1, softBounced: null },
  ],
  [
    { TotalOpened: 5, TotalClicked: 2 },
    { openedTotal: 5, clickedTotal: 2 },
  ],
  [
    { TotalUnsubscriptions: '3', TotalFailed: 4, TotalRecipients: 14 },
    { unsubscribed: 3, failed: 4, recipients: 14 },
  ],
  [{ OpenStatistics: { TotalOpens: 9, UniqueOpens: 8 } }, { openedTotal: 9, opened: 8 }],
  [
    { Statistics: { ClickStatistics: { totalclicks: 6, UniqueClicks: '5' } } },
    { clickedTotal: 6, clicked: 5 },
  ],
  [{ Statistics: { TotalSent: 3, BounceStatistics: { TotalHardBounces: 1 } } }, { sent: 3, hardBounced: 1 }],
  [
    { Statistics: [], OpenStatistics: { '2025-06-15': { Total: 1 } }, TotalSent: 0 },
    { sent: 0, openedTotal: null },
  ],
])('the counters of %j are %j', (campaign, counters) => {
  expect(read({ Status: 'Sending', ...campaign })?.stats?.counters).toMatchObject(counters);
});

test.each([
  ['Sent', { TotalRecipients: 10, TotalSent: 9, TotalFailed: 1 }, true],
  ['Sent', { TotalRecipients: 10, TotalSent: 9 }, false],
  ['Sent', { TotalSent: 9 }, true],
  ['Failed', { TotalRecipients: 10, TotalFailed: 10 }, true],
  ['Sending', { TotalRecipients: 10, TotalSent: 10 }, false],
])('counters of a campaign that is %s with %j are final: %s', (status, counters, final) => {
  expect(read({ Status: status, ...counters })?.stats?.final).toBe(final);
});
