import { describe, expect, test } from 'vitest';
import { createSignals } from './signals.ts';

interface Thing {
  readonly key: string;
  readonly state: number;
}

const thing = (key: string, state = 0): Thing => ({ key, state });
const all = () => true;

function started() {
  const counts = { opened: 0, closed: 0, delivered: 0 };
  const signals = createSignals<Thing>(({ key }) => key, {
    onOpen: () => {
      counts.opened += 1;
    },
    onClose: () => {
      counts.closed += 1;
    },
    onDelivery(seconds) {
      expect(seconds).toBeNull();
      counts.delivered += 1;
    },
  });
  return { ...signals, counts };
}

/** What a watcher is told next, so many things. */
async function take(watching: AsyncIterator<Thing>, count: number): Promise<string[]> {
  const told: string[] = [];
  for (let place = 0; place < count; place += 1) {
    const next = await watching.next();
    told.push(next.done ? 'end' : `${next.value.key}${next.value.state}`);
  }
  return told;
}

/** What it is told of many things more, once it is told of the last one. */
async function takeUpTo(watching: AsyncIterator<Thing>, last: string): Promise<string[]> {
  const told: string[] = [];
  while (told.at(-1) !== last) told.push(...(await take(watching, 1)));
  return told;
}

describe('a watcher', () => {
  test('is told what is there at first, in that order, and then of every change', async () => {
    const { watch, changed } = started();
    const watching = watch([thing('b'), thing('a')], all);
    expect(await take(watching, 2)).toEqual(['b0', 'a0']);
    const next = take(watching, 1);
    changed(thing('a', 1));
    expect(await next).toEqual(['a1']);
    changed(thing('c', 1));
    changed(thing('a', 2));
    expect(await take(watching, 2)).toEqual(['c1', 'a2']);
  });

  test('waits where nothing is there', async () => {
    const { watch, changed } = started();
    const next = take(watch([], all), 1);
    changed(thing('a', 7));
    expect(await next).toEqual(['a7']);
  });

  test('is told the newest state alone of what changes again before it was told', async () => {
    const { watch, changed } = started();
    const watching = watch([thing('a'), thing('b')], all);
    expect(await take(watching, 1)).toEqual(['a0']);
    for (let state = 1; state <= 100; state += 1) for (const key of ['a', 'b']) changed(thing(key, state));
    changed(thing('c', 1));
    expect((await takeUpTo(watching, 'c1')).toSorted()).toEqual(['a100', 'b100', 'c1']);
  });

  test('is told what it wants, and nothing else', async () => {
    const { watch, changed } = started();
    const watching = watch([], ({ key, state }) => key !== 'b' && state !== 2);
    const next = take(watching, 3);
    for (const key of ['b', 'a', 'b', 'c']) changed(thing(key, 1));
    changed(thing('a', 2));
    changed(thing('d', 1));
    expect(await next).toEqual(['a1', 'c1', 'd1']);
  });

  test('has its own pace, whatever others do', async () => {
    const { watch, changed } = started();
    const [slow, quick] = [watch([], all), watch([], all)];
    const [first] = [take(slow, 1), take(quick, 1)];
    changed(thing('a', 1));
    await first;
    const seen: string[] = [];
    for (let state = 2; state <= 5; state += 1) {
      const next = take(quick, 1);
      changed(thing('a', state));
      seen.push(...(await next));
    }
    expect(seen).toEqual(['a2', 'a3', 'a4', 'a5']);
    expect(await take(slow, 1)).toEqual(['a5']);
  });

  test('misses nothing between its beginning and its first question', async () => {
    const { watch, changed } = started();
    const watching = watch([thing('a')], all);
    changed(thing('a', 1));
    changed(thing('b', 1));
    const next = take(watching, 2);
    changed(thing('end'));
    expect((await next).toSorted()).toEqual(['a1', 'b1']);
  });
});

describe('the end', () => {
  test('ends a wait at once, and all that follows', async () => {
    const { watch, changed } = started();
    const watching = watch([], all);
    const next = take(watching, 1);
    expect(await watching.return?.()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual(['end']);
    changed(thing('a', 1));
    expect(await take(watching, 2)).toEqual(['end', 'end']);
  });

  test('leaves out what was not told yet', async () => {
    const { watch } = started();
    const watching = watch([thing('a'), thing('b')], all);
    expect(await take(watching, 1)).toEqual(['a0']);
    await watching.return?.();
    expect(await take(watching, 1)).toEqual(['end']);
  });

  test('is no matter to others', async () => {
    const { watch, changed } = started();
    const [gone, other] = [watch([], all), watch([], all)];
    const [ended, next] = [take(gone, 1), take(other, 1)];
    await gone.return?.();
    changed(thing('a', 1));
    expect([await ended, await next]).toEqual([['end'], ['a1']]);
  });

  test('of a loop that is left ends the watching', async () => {
    const { watch, counts } = started();
    for await (const { key } of watch([thing('a'), thing('b')], all)) if (key === 'a') break;
    expect(counts).toEqual({ opened: 1, closed: 1, delivered: 1 });
  });
});

describe('what is counted', () => {
  test('is who asks, from the first question on, and once', async () => {
    const { watch, counts } = started();
    const [one, other] = [watch([thing('a'), thing('b')], all), watch([thing('a')], all)];
    expect(counts).toEqual({ opened: 0, closed: 0, delivered: 0 });
    await take(one, 2);
    await take(other, 1);
    expect(counts).toEqual({ opened: 2, closed: 0, delivered: 3 });
    for (const watching of [one, one, other]) await watching.return?.();
    expect(counts).toEqual({ opened: 2, closed: 2, delivered: 3 });
  });

  test('is not who never asked, nor who asks after the end', async () => {
    const { watch, counts } = started();
    const watching = watch([thing('a')], all);
    await watching.return?.();
    expect(await take(watching, 1)).toEqual(['end']);
    expect(counts).toEqual({ opened: 0, closed: 0, delivered: 0 });
  });
});
