import { describe, expect, test } from 'vitest';
import { type Feed, type FeedReader, FeedSource } from './feed.ts';
import { createSignals } from './signals.ts';

interface Thing {
  readonly key: string;
  readonly state: number;
}

const thing = (key: string, state = 0): Thing => ({ key, state });
const all = () => true;

function started() {
  const { feed, changed } = createSignals<Thing>(({ key }) => key);
  return {
    changed,
    feed: (topic: string, present: readonly Thing[], wants: (thing: Thing) => boolean) =>
      feed(topic, async () => present, wants),
  };
}

/** What a reader is told next, so many things. It waits for them as a subscriber does. */
async function take(reader: FeedReader, count: number): Promise<unknown[]> {
  const events: unknown[] = [];
  while (events.length < count) {
    const told = await reader.poll();
    if (told) events.push(told.event);
    else await reader.news();
  }
  return events;
}

/** What a reader is told until it has caught up. */
async function rest(reader: FeedReader): Promise<unknown[]> {
  const events: unknown[] = [];
  for (let told = await reader.poll(); told; told = await reader.poll()) events.push(told.event);
  return events;
}

describe('a reader', () => {
  test('is told what is there at first, in the order of the keys, and then of every change', async () => {
    const { feed, changed } = started();
    const reader = await feed('t', [thing('b'), thing('a')], all).open();
    expect(await rest(reader)).toEqual([thing('a'), thing('b')]);
    const next = take(reader, 1);
    changed(thing('a', 1));
    expect(await next).toEqual([thing('a', 1)]);
    changed(thing('c', 1));
    changed(thing('a', 2));
    expect(await rest(reader)).toEqual([thing('c', 1), thing('a', 2)]);
    expect(await rest(reader)).toEqual([]);
  });

  test('is told the newest state alone of what changes again before it was told', async () => {
    const { feed, changed } = started();
    const reader = await feed('t', [], all).open();
    for (let state = 1; state <= 100; state += 1) for (const key of ['a', 'b']) changed(thing(key, state));
    changed(thing('c', 1));
    expect(await rest(reader)).toEqual([thing('a', 100), thing('b', 100), thing('c', 1)]);
  });

  test('is told what it wants, and nothing else', async () => {
    const { feed, changed } = started();
    const reader = await feed('t', [], ({ key, state }) => key !== 'b' && state !== 2).open();
    const next = take(reader, 1);
    for (const key of ['b', 'a', 'b', 'c']) changed(thing(key, 1));
    changed(thing('c', 2));
    expect(await next).toEqual([thing('a', 1)]);
    changed(thing('d', 1));
    expect(await rest(reader)).toEqual([thing('d', 1)]);
  });

  test('misses nothing between its opening and its first question', async () => {
    const { feed, changed } = started();
    const reader = await feed('t', [thing('a')], all).open();
    changed(thing('a', 1));
    changed(thing('b', 1));
    const told = await rest(reader);
    expect(told.at(-1)).toEqual(thing('b', 1));
    expect(told).toContainEqual(thing('a', 1));
  });

  test('is not told what changed before it was opened', async () => {
    const { feed, changed } = started();
    const watched = feed('t', [], all);
    changed(thing('a', 1));
    expect(await rest(await watched.open())).toEqual([]);
  });

  test('has its own pace, whatever others do', async () => {
    const { feed, changed } = started();
    const watched = feed('t', [], all);
    const [slow, quick] = [await watched.open(), await watched.open()];
    const seen: unknown[] = [];
    for (let state = 1; state <= 3; state += 1) {
      changed(thing('a', state));
      seen.push(...(await rest(quick)));
    }
    expect(seen).toEqual([thing('a', 1), thing('a', 2), thing('a', 3)]);
    expect(await rest(slow)).toEqual([thing('a', 3)]);
  });

  test('can be another’s only once it has told what is there', async () => {
    const { feed, changed } = started();
    const reader = await feed('t', [thing('a'), thing('b')], all).open();
    expect(reader.isSteady).toBe(false);
    await reader.poll();
    expect(reader.isSteady).toBe(false);
    await reader.poll();
    expect(reader.isSteady).toBe(true);
    changed(thing('a', 1));
    expect(reader.isSteady).toBe(true);
  });
});

describe('what is told', () => {
  test('says where its reader stands then, and has no cursor, for there is no past', async () => {
    const { feed, changed } = started();
    const reader = await feed('t', [thing('a')], all).open();
    const { seq } = reader.position;
    expect(await reader.poll()).toMatchObject({ cursor: null, at: null, position: { seq } });
    changed(thing('a', 1));
    changed(thing('b', 1));
    const at = seq + 1;
    expect(await reader.poll()).toMatchObject({ cursor: null, position: { seq: at }, first: at, last: at });
    expect(reader.position).toEqual({ seq: at });
  });

  test('and is passed over is behind a reader that has caught up', async () => {
    const { feed, changed } = started();
    const [some, other] = [await feed('t', [], () => false).open(), await feed('u', [], all).open()];
    changed(thing('a', 1));
    expect([await rest(some), await rest(other)]).toEqual([[], [thing('a', 1)]]);
    expect(some.position).toEqual(other.position);
  });
});

describe('a feed', () => {
  test('can be taken up behind a place, without what was there at first', async () => {
    const { feed, changed } = started();
    const watched = feed('t', [thing('a')], all);
    const reader = await watched.open();
    changed(thing('a', 1));
    changed(thing('b', 1));
    await take(reader, 2);
    changed(thing('c', 1));
    expect(await rest(watched.from(reader.position))).toEqual([thing('b', 1), thing('c', 1)]);
  });

  test('can be taken up in the middle of what was there at first, by another that tells of other things', async () => {
    const { feed, changed } = started();
    const reader = await feed('t', [thing('a'), thing('b'), thing('c')], all).open();
    expect(await take(reader, 1)).toEqual([thing('a')]);
    const { position } = reader;
    changed(thing('d', 1));
    const other = feed('u', [thing('a'), thing('c'), thing('d', 1)], ({ key }) => key !== 'b').from(position);
    expect(other.isSteady).toBe(false);
    expect(await rest(other)).toEqual([thing('c'), thing('d', 1), thing('d', 1)]);
    expect([other.isSteady, other.isIdle]).toEqual([true, true]);
    changed(thing('b', 1));
    expect([other.isIdle, await rest(other)]).toEqual([false, []]);
  });

  test('is the same for whoever comes back, whatever with', async () => {
    const { feed } = started();
    const watched: Feed = feed('t', [thing('a')], all);
    expect(watched.topic).toBe('t');
    const again = watched.after('1.2');
    expect(again.topic).toBe('t');
    expect(await rest(await again.open())).toEqual([thing('a')]);
  });

  test('can be looped over, and a loop that is left ends it', async () => {
    const { feed, changed } = started();
    const seen: unknown[] = [];
    for await (const event of new FeedSource(feed('t', [thing('a')], all))) {
      seen.push(event);
      if (seen.length === 3) break;
      changed(thing('a', seen.length));
    }
    expect(seen).toEqual([thing('a'), thing('a', 1), thing('a', 2)]);
  });

  test('keeps the ten thousand things that changed last for those who are behind', async () => {
    const { feed, changed } = started();
    const reader = await feed('t', [], all).open();
    for (let place = 0; place < 10_001; place += 1) changed(thing(`k${place}`, 1));
    // One that changes again is new again.
    changed(thing('k1', 2));
    const kept = await rest(reader);
    expect(kept).toHaveLength(10_000);
    expect(kept[0]).toEqual(thing('k2', 1));
    expect(kept.at(-1)).toEqual(thing('k1', 2));
  });
});

describe('the end', () => {
  test('ends a wait at once, and no more is told', async () => {
    const { feed, changed } = started();
    const reader = await feed('t', [], all).open();
    expect(await reader.poll()).toBeNull();
    const news = reader.news();
    reader.end();
    await news;
    changed(thing('a', 1));
    expect(await reader.poll()).toBeNull();
    await reader.news();
  });

  test('leaves out what was not told yet', async () => {
    const { feed, changed } = started();
    const reader = await feed('t', [thing('a'), thing('b')], all).open();
    expect(await take(reader, 1)).toEqual([thing('a')]);
    changed(thing('c', 1));
    reader.end();
    expect(await reader.poll()).toBeNull();
  });

  test('is no matter to others', async () => {
    const { feed, changed } = started();
    const watched = feed('t', [], all);
    const [gone, other] = [await watched.open(), await watched.open()];
    const [news, next] = [gone.poll().then(() => gone.news()), take(other, 1)];
    gone.end();
    changed(thing('a', 1));
    expect(await next).toEqual([thing('a', 1)]);
    await news;
  });
});
