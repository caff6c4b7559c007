import { describe, expect, test } from 'vitest';
import { byFilter, byKey, openTracking, second, start, waitOf } from '../../test/support/tracking.ts';
import type { Campaign } from '../model/campaign.ts';

const never = Number.POSITIVE_INFINITY;
const minute = 60 * second;

describe('a campaign that has not begun', () => {
  const scheduled = { status: 'SCHEDULED', scheduledAt: start + 60 * minute } as const;

  function openScheduled() {
    const at = openTracking({ covers: 'status' });
    at.listNews('a', scheduled);
    at.endRound(1);
    at.read('a', scheduled);
    return at;
  }

  test('is left to a list that tells the status', () => {
    const at = openScheduled();
    expect(at.dueIn('a')).toBe(never);
    at.listNews('a', { status: 'SENDING', revision: 2 });
    expect(at.dueIn('a')).toBe(5);
  });

  test.each([byKey('a'), byFilter({}), byFilter({ statuses: ['SCHEDULED'] })])(
    'is read all the same for somebody who looks: %j',
    (watched) => {
      const at = openScheduled();
      at.pass(minute);
      at.watching.begin(watched);
      expect(at.dueIn('a')).toBe(0);
      at.read('a', scheduled);
      expect(at.dueIn('a')).toBe(22.5);
    },
  );

  test('is read by itself once the list has failed three times in a row', () => {
    const at = openScheduled();
    for (let count = 1; count < 3; count++) at.roundFailed();
    expect(at.dueIn('a')).toBe(never);
    at.roundFailed();
    expect(at.dueIn('a')).toBeLessThan(waitOf(scheduled));
    at.listAgain('a');
    at.endRound(1);
    at.pass(waitOf(scheduled) * second);
    at.read('a', scheduled);
    expect(at.dueIn('a')).toBe(never);
  });
});

describe('where counters are a call of their own', () => {
  const openListed = () => openTracking({ covers: 'status', countersApart: true, requestsPerRead: 2 });
  const statusOf = (at: ReturnType<typeof openListed>, name: string) => {
    const one = at.get(`shop:${name}`);
    return one && at.knownStatus(one);
  };
  const isKnown = (...[at, name]: Parameters<typeof statusOf>) => statusOf(at, name) !== null;

  test('they are read alone where the list tells the status in time', () => {
    const at = openListed();
    at.read('a', { providerStatus: 'in_progress' });
    expect(isKnown(at, 'a'), 'before the first round').toBe(false);
    at.listNews('a', { providerStatus: 'in_progress' });
    at.endRound(1);
    expect(statusOf(at, 'a')).toEqual({
      status: 'SENDING',
      providerStatus: 'in_progress',
    });
    at.roundFailed();
    expect(isKnown(at, 'a'), 'after a round that failed').toBe(false);
  });

  test.each<[string, Partial<Campaign>]>([
    ['has not begun', { status: 'SCHEDULED' }],
    ['is deleted', { deletedAt: start }],
  ])('the whole is read of a campaign that %s', (_name, campaign) => {
    const at = openListed();
    at.read('a', campaign);
    at.listAgain('a');
    at.endRound(1);
    expect(isKnown(at, 'a')).toBe(false);
  });

  test('the whole is read of a campaign that only the list has told of, and that the list does not name', () => {
    const at = openListed();
    at.listNews('listed');
    at.read('read');
    at.endRound(1);
    expect(['listed', 'read'].map((name) => isKnown(at, name))).toEqual([false, false]);
    at.read('listed');
    expect(isKnown(at, 'listed')).toBe(true);
    at.endRound(1);
    expect(isKnown(at, 'listed'), 'named no more').toBe(false);
  });

  test('the list comes round at the floor for who looks at all of a campaign, which spares the status', () => {
    const at = openListed();
    for (const name of ['a', 'b']) at.listNews(name);
    for (const name of ['a', 'b']) at.read(name);
    expect(at.endRound(1)).toBe(15 * second);
    const end = at.watch('a');
    at.read('a', { revision: 2 });
    at.listAgain('a', 'b');
    expect(isKnown(at, 'a'), 'while the list is slower').toBe(false);
    expect(at.endRound(1)).toBe(5 * second);
    at.read('a', { revision: 3 });
    expect([isKnown(at, 'a'), at.dueIn('a')]).toEqual([true, 5]);
    end();
    at.read('a', { revision: 4 });
    at.listAgain('a', 'b');
    expect(at.endRound(1)).toBe(15 * second);
  });

  test('where there are none, the campaign is left alone for as long as if nothing were new', () => {
    const at = openListed();
    at.listNews('a');
    at.read('a');
    at.endRound(1);
    at.read('a');
    const one = at.get('shop:a');
    if (one) at.hadNoCounters(one);
    expect(at.dueIn('a')).toBe(waitOf({ listed: 'status', unchanged: 3 }));
  });
});
