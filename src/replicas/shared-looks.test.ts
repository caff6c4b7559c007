import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LookElsewhere } from '../campaigns/campaigns.ts';
import { looksSchema } from './messages.ts';
import { createSharedLooks } from './shared-looks.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000);

function look(over: Partial<LookElsewhere> = {}): LookElsewhere {
  const known = { observedAt: 1, statsObservedAt: null, nextPollAt: null, perSecond: null, reason: null };
  return { ...known, ...over };
}

/** The holder of the account `shop`, of which campaigns are looked at over another replica. */
function openHolder(ids: readonly string[], lookOf: (key: string) => LookElsewhere | null) {
  const told: object[] = [];
  const state = { ids, isDeaf: false, underWay: 0, mostUnderWay: 0, answerMs: 0 };
  const looks = createSharedLooks({
    watchedElsewhere: () => [['shop', state.ids]],
    lookOf,
    async tell(message) {
      state.underWay += 1;
      state.mostUnderWay = Math.max(state.mostUnderWay, state.underWay);
      if (state.answerMs > 0) await new Promise((resolve) => setTimeout(resolve, state.answerMs));
      state.underWay -= 1;
      if (state.isDeaf) throw new Error('deaf');
      told.push({ from: 'holder', ...message });
    },
  });
  const parsed = () => told.splice(0).map((message) => looksSchema.parse(message));
  return {
    state,
    /** What was told since it was asked last, message by message. */
    parsed,
    toldIds: () => parsed().map(({ looks }) => looks.map(([id]) => id)),
    [Symbol.dispose]: looks.stop,
  };
}

describe('the holder', () => {
  test('tells what is another', async () => {
    const known = new Map([['shop:1', look()]]);
    using holder = openHolder(['1', '2'], (key) => known.get(key) ?? null);
    await seconds(3);
    expect(holder.toldIds()).toEqual([['1']]);
    known.set('shop:2', look({ observedAt: 2, perSecond: 0.5 }));
    await seconds(3);
    expect(holder.parsed()).toEqual([
      { from: 'holder', seen: 'shop', looks: [['2', 2, null, null, 0.5, null]] },
    ]);
    holder.state.ids = ['1'];
    await seconds(1);
    holder.state.ids = ['1', '2'];
    await seconds(1);
    expect(holder.toldIds()).toEqual([['2']]);
  });

  test.each(['x', 'ж', '😀', '"\n'])(
    'keeps below what PostgreSQL takes, whatever is written: %j',
    async (letter) => {
      const ids = Array.from({ length: 200 }, (_, place) => `${place}${letter.repeat(40)}`);
      using holder = openHolder([...ids, letter.repeat(8_000)], () => look({ reason: letter.repeat(2_000) }));
      await seconds(1);
      const messages = holder.parsed();
      const sizes = messages.map((message) => Buffer.byteLength(JSON.stringify(message)));
      expect(Math.max(...sizes)).toBeLessThan(7_500);
      const looks = messages.flatMap((message) => message.looks);
      expect(looks.map(([id]) => id)).toEqual(ids);
      const reason = looks[0]?.[5] ?? '';
      expect(letter.repeat(500).startsWith(reason) && reason.length % letter.length === 0).toBe(true);
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(500);
      expect(Buffer.byteLength(reason)).toBeGreaterThan(490);
    },
  );

  test('tells again what could not be told', async () => {
    using holder = openHolder(['1'], () => look());
    holder.state.isDeaf = true;
    await seconds(2);
    holder.state.isDeaf = false;
    await seconds(2);
    expect(holder.toldIds()).toEqual([['1']]);
  });

  test('does not tell again what is still overdue, but that it is due at another time', async () => {
    let dueAt = Date.now() + 3_500;
    using holder = openHolder(['1'], () => look({ nextPollAt: Math.max(dueAt, Date.now()) }));
    await seconds(15);
    expect(holder.toldIds()).toEqual([['1']]);
    dueAt = Date.now() + 30_000;
    await seconds(2);
    expect(holder.parsed()).toMatchObject([{ looks: [['1', 1, null, dueAt, null, null]] }]);
  });

  test('repeats each before it lapses, and not all at the same time', async () => {
    const ids = Array.from({ length: 2_000 }, (_, place) => String(place));
    using holder = openHolder(ids, () => look());
    await seconds(15);
    expect(holder.toldIds().flat()).toHaveLength(2_000);
    const repeated: string[][] = [];
    for (let second = 0; second < 27; second++) {
      await seconds(1);
      repeated.push(holder.toldIds().flat());
    }
    expect(new Set(repeated.flat()).size).toBe(2_000);
    expect(Math.max(...repeated.map(({ length }) => length))).toBeLessThan(250);
  });

  test('tells one after the other, however long it takes', async () => {
    const ids = Array.from({ length: 1_000 }, (_, place) => String(place));
    using holder = openHolder(ids, () => look());
    holder.state.answerMs = 1_500;
    await seconds(15);
    expect(holder.state.mostUnderWay).toBe(1);
    expect(holder.toldIds().flat()).toEqual(ids);
  });
});

describe('another replica', () => {
  test('believes what it is told for a while, and an overdue time as now', async () => {
    using looks = Object.assign(
      createSharedLooks({ watchedElsewhere: () => [], lookOf: () => null, tell: async () => {} }),
      { [Symbol.dispose]: () => looks.stop() },
    );
    looks.hear('shop', [['1', 5, 4, Date.now() + 1_000, 2.5, 'down']]);
    expect(looks.of('shop:1')).toEqual({
      ...{ observedAt: 5, statsObservedAt: 4, nextPollAt: Date.now() + 1_000, perSecond: 2.5 },
      reason: 'down',
    });
    await seconds(44);
    expect(looks.of('shop:1')).toMatchObject({ nextPollAt: Date.now() });
    await seconds(1);
    expect(looks.of('shop:1')).toBeNull();
    looks.hear('shop', [['1', 5, 4, null, null, null]]);
    looks.forget(['shop']);
    expect(looks.of('shop:1')).toBeNull();
  });
});
