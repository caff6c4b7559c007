import { describe, expect, test } from 'vitest';
import type { Campaign, CampaignReading } from '../model/campaign.ts';
import { countersOf } from '../model/stats.ts';
import { nextStep } from './changes.ts';

interface Seen extends Partial<CampaignReading> {
  /** Messages sent, where the reading has counters. */
  readonly sent?: number | null;
  readonly at?: number;
  readonly previousAt?: number | null;
}

function look(
  known: Campaign | null,
  { sent, at = 2_000, previousAt = 1_000, ...told }: Seen,
): Campaign | null {
  const reading: CampaignReading = {
    externalId: '7',
    status: 'SENDING',
    providerStatus: 'sending',
    raw: {},
    ...(sent !== undefined && { stats: { counters: countersOf({ recipients: 100, sent }), final: false } }),
    ...told,
  };
  const observation = { account: 'main', channel: 'EMAIL', reading, at, cause: 'POLL', previousAt } as const;
  return nextStep(known, observation, 1)?.campaign ?? null;
}

const atFour = look(null, { sent: 4, at: 1_000, previousAt: null });

describe('throughput', () => {
  test('is what the provider reports, where it does', () => {
    const campaign = look(atFour, { sent: 10, throughputPerSecond: 2.5 });
    expect(campaign?.throughput).toEqual({ perSecond: 2.5, reported: true });
  });

  test('that is reported is worth a step by itself, also when it is none', () => {
    const fast = look(atFour, { sent: 4, throughputPerSecond: 3 });
    expect(fast).toMatchObject({ revision: 2, throughput: { perSecond: 3, reported: true } });
    expect(look(fast, { sent: 4, throughputPerSecond: 0 })).toMatchObject({
      revision: 3,
      throughput: { perSecond: 0, reported: true },
    });
  });

  test.each([
    ['since the reading that is stored', { at: 2_000, previousAt: 1_000 }, 6],
    ['since a later look that found nothing new', { at: 2_000, previousAt: 1_750 }, 24],
    ['over a long time', { at: 61_000, previousAt: 1_000 }, 0.1],
  ])('is measured %s', (_what, times, perSecond) => {
    const campaign = look(atFour, { sent: 10, ...times });
    expect(campaign?.throughput).toEqual({ perSecond, reported: false });
  });

  test('that is measured makes no step by itself', () => {
    const campaign = look(atFour, { sent: 10 });
    expect(look(campaign, { sent: 10, at: 3_000, previousAt: 2_000 })).toBeNull();
  });

  test.each<[string, Campaign | null, Seen]>([
    ['when this is the first reading', null, { sent: 10 }],
    ['when no counters were known before', look(null, { at: 1_000 }), { sent: 10 }],
    ['when it is not known when the counters were read', atFour, { sent: 10, previousAt: null }],
    ['when no time has passed', atFour, { sent: 10, previousAt: 2_000 }],
    ['when the clock has gone back', atFour, { sent: 10, previousAt: 2_001 }],
    ['when fewer are sent than before', atFour, { sent: 3 }],
    ['when the provider no longer tells how many are sent', atFour, { sent: null }],
    ['when it is not being sent', atFour, { sent: 10, status: 'PAUSED' }],
  ])('is unknown %s', (_what, known, seen) => {
    const campaign = look(known, seen);
    expect(campaign).not.toBeNull();
    expect(campaign?.throughput).toBeNull();
  });

  test('stays while a reading has no counters, and goes with the sending', () => {
    const sending = look(atFour, { sent: 10 });
    const renamed = look(sending, { name: 'Winter', at: 3_000 });
    expect(renamed?.throughput).toEqual({ perSecond: 6, reported: false });
    const ended = look(renamed, { status: 'COMPLETED', at: 4_000 });
    expect(ended?.throughput).toBeNull();
  });
});
