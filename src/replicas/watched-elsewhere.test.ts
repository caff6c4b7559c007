import { describe, expect, test } from 'vitest';
import { campaignWith } from '../../test/support/campaign.ts';
import { createWatching } from '../polling/watching.ts';
import { createWatchedElsewhere } from './watched-elsewhere.ts';

/** What is looked at over another replica, as it tells it. */
function textOf(over: object): string {
  return JSON.stringify({ everything: [], status: [], filters: [], listed: false, ...over });
}

/** Over one other replica, of the account `shop`; `told` says what began and what ended since it was asked last. */
function openElsewhere() {
  let at = 0;
  const watching = createWatching(() => at);
  const notes: string[] = [];
  const names = ({ keys, filter, lists }: Parameters<typeof watching.begin>[0]) =>
    [
      ...(keys ?? []),
      ...(filter?.statuses ?? []),
      ...(lists?.map((account) => `list of ${account}`) ?? []),
    ].join();
  watching.onMore((watched) => void notes.push(`+${names(watched)}`));
  watching.onLess((watched) => void notes.push(`-${names(watched)}`));
  const elsewhere = createWatchedElsewhere(watching, 'shop');
  return {
    watching,
    named: () => [...elsewhere.named()],
    become: (over: object | null) => elsewhere.become(over && textOf(over)),
    told: () => notes.splice(0),
    pass(ms: number): void {
      at += ms;
    },
  };
}

describe('what people look at over another replica', () => {
  test('begins and ends as far as it is another, new before old', () => {
    const at = openElsewhere();
    at.become({ everything: ['1', '2'], status: ['7'] });
    expect(at.told()).toEqual(['+shop:1,shop:2', '+shop:7']);
    at.become({ everything: ['2', '3'], status: ['7'] });
    expect(at.told()).toEqual(['+shop:3', '-shop:1']);
    expect(at.named()).toEqual(['2', '3', '7']);
    at.become({ everything: ['2'], status: ['7'] });
    expect(at.told()).toEqual(['-shop:3']);
    const interests = ['1', '2', '3', '7'].map((externalId) =>
      at.watching.subscribedTo(campaignWith({ externalId })),
    );
    expect(interests).toEqual(['nothing', 'everything', 'nothing', 'status']);
    at.become(null);
    expect(at.told()).toEqual(['-shop:2', '-shop:7']);
    expect(at.named()).toEqual([]);
  });

  test('never seems to have ended where only the fields are others', () => {
    const at = openElsewhere();
    at.become({ status: ['1'] });
    const seen: string[] = [];
    const look = () => void seen.push(at.watching.subscribedTo(campaignWith({ externalId: '1' })));
    at.watching.onMore(look);
    at.watching.onLess(look);
    at.become({ everything: ['1'] });
    at.become({ status: ['1'] });
    expect(seen).toEqual(['everything', 'everything', 'everything', 'status']);
  });

  test('by filters is told apart by what they ask of this account', () => {
    const at = openElsewhere();
    const filter = (status: string, ...accounts: string[]) => ({
      filter: { accounts: ['shop', ...accounts], statuses: [status] },
      fields: null,
    });
    at.become({ filters: [filter('PAUSED'), filter('SENDING')] });
    expect(at.told()).toEqual(['+PAUSED', '+SENDING']);
    at.become({ filters: [filter('PAUSED', 'mail'), filter('DRAFT')], everything: ['1'] });
    expect(at.told()).toEqual(['+shop:1', '+DRAFT', '-SENDING']);
  });

  test('as a list lasts until it is told otherwise, and is not told on as looked at here', () => {
    const at = openElsewhere();
    at.become({ listed: true });
    expect(at.told()).toEqual(['+list of shop']);
    at.pass(600_000);
    at.become({ listed: true, everything: ['1'] });
    expect(at.told()).toEqual(['+shop:1']);
    expect(at.watching.needsList('shop')).toBe(true);
    expect(at.watching.here().size).toBe(0);
    at.become({ everything: ['1'] });
    expect(at.watching.needsList('shop')).toBe(false);
  });

  test('that is told in words that are not known here counts as nothing', () => {
    const at = openElsewhere();
    at.become({ everything: ['1'] });
    at.become({ everything: 'all' });
    expect(at.named()).toEqual([]);
  });
});
