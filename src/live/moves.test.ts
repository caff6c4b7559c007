import { expect, test } from 'vitest';
import { createGroups, type OpenOperation } from './group.ts';
import { createMoves, type Subscription } from './moves.ts';
import { createSignals } from './signals.ts';
import { type Sink, Subscriber } from './subscriber.ts';

interface Thing {
  readonly key: string;
  readonly state: number;
}

/** Things that subscribers see where `seen` names their keys. */
function startThings() {
  const { feed, changed } = createSignals<Thing>(({ key }) => key);
  const hooks = { onExecution() {}, onDelivery() {} };
  const groups = createGroups(hooks);
  const moves = createMoves(groups);
  const subscriptions = new Set<Subscription>();
  let executing = Promise.resolve();

  const operationFor = (seen: string, present: readonly Thing[]): OpenOperation => ({
    feed: feed(
      seen,
      async () => present.filter(({ key }) => seen.includes(key)),
      ({ key }) => seen.includes(key),
    ),
    request: 'things',
    seen,
    async execute(event) {
      await executing;
      return `${seen} ${JSON.stringify(event)}`;
    },
  });

  return {
    groups,
    /** What each holder sees from now on. */
    see(seen: string | null, ...whose: readonly { see(seen: string | null): void }[]): Promise<void> {
      for (const one of whose) one.see(seen);
      return moves.check(subscriptions);
    },
    change: (key: string, state: number) => changed({ key, state }),
    /** Nothing is executed until what it returns is called. */
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      executing = promise;
      return resolve;
    },

    async subscribe(first: string, present: readonly Thing[] = []) {
      let sight: string | null = first;
      let opening = Promise.resolve();
      let room = Promise.resolve();
      let isFull = false;
      const heard: string[] = [];
      const sink: Sink = {
        send: (payload) => void heard.push(String(payload).replaceAll(/[^\w ]|key|state/g, '')),
        full: () => (isFull ? room : null),
      };
      const operation = operationFor(first, present);
      const group = groups.hold(operation);
      const start = await operation.feed.open();
      const onEnd = () => {
        subscriptions.delete(subscription);
        groups.release(subscription.group);
      };
      const subscriber = new Subscriber({ group, sink, hooks, onEnd }, start);
      let reopened = 0;
      const subscription: Subscription = {
        subscriber,
        group,
        request: 'things',
        seen: first,
        sight: () => sight,
        async reopen() {
          reopened += 1;
          const seen = sight;
          await opening;
          return seen === null ? null : operationFor(seen, present);
        },
      };
      subscriptions.add(subscription);
      return {
        subscriber,
        heard,
        reopened: () => reopened,
        see(seen: string | null) {
          sight = seen;
        },
        /** Reopening waits for what it is given. */
        openAfter(moment: Promise<void>) {
          opening = moment;
          // Who has ended may never ask.
          moment.catch(() => {});
        },
        /** Its sink takes nothing until what this returns is called. */
        fill(): () => void {
          const { promise, resolve } = Promise.withResolvers<void>();
          [room, isFull] = [promise, true];
          return () => {
            isFull = false;
            resolve();
          };
        },
      };
    },
  };
}

const caughtUp = (...all: readonly { readonly subscriber: Subscriber }[]) =>
  expect.poll(() => all.map(({ subscriber }) => subscriber.lag())).toEqual(all.map(() => null));

test('who sees more is in another group, which others of the same sight share, and is opened once', async () => {
  const { subscribe, see, change, groups } = startThings();
  const [one, two, rest] = [await subscribe('a'), await subscribe('a'), await subscribe('a')];
  await caughtUp(one, two, rest);
  expect(groups.count()).toBe(1);
  await see('ab', one, two);
  await caughtUp(one, two, rest);
  expect([groups.count(), one.reopened() + two.reopened(), rest.reopened()]).toEqual([2, 1, 0]);
  change('b', 1);
  change('a', 1);
  for (const { heard } of [one, two]) await expect.poll(() => heard).toEqual(['ab b1', 'ab a1']);
  await expect.poll(() => rest.heard).toEqual(['a a1']);
  await see('a', one, two);
  expect(groups.count()).toBe(1);
  for (const { subscriber } of [one, two, rest]) subscriber.end();
  expect(groups.count()).toBe(0);
});

test('what comes while an operation is opened anew is told then, in order', async () => {
  const { subscribe, see, change } = startThings();
  const one = await subscribe('a');
  await caughtUp(one);
  const opening = Promise.withResolvers<void>();
  one.openAfter(opening.promise);
  const seeing = see('ab', one);
  change('b', 1);
  change('a', 1);
  opening.resolve();
  await seeing;
  await expect.poll(() => one.heard).toEqual(['ab b1', 'ab a1']);
});

test('what was being executed is told once, as it is seen now', async () => {
  const { subscribe, see, change, hold } = startThings();
  const [live, other] = [await subscribe('ac'), await subscribe('ac')];
  await caughtUp(live, other);
  const goOn = hold();
  change('c', 1);
  change('a', 1);
  await expect.poll(() => live.subscriber.lag()).toBeNull();
  const seeing = see('ab', live);
  change('b', 1);
  goOn();
  await seeing;
  await expect.poll(() => live.heard).toEqual(['ab a1', 'ab b1']);
  await expect.poll(() => other.heard).toEqual(['ac c1', 'ac a1']);
});

test('who has not been told all that is there at first is told the rest of what is seen now', async () => {
  const { subscribe, see, change } = startThings();
  const present = ['a', 'b', 'c', 'd'].map((key) => ({ key, state: 0 }));
  const one = await subscribe('abc', present);
  const room = one.fill();
  await expect.poll(() => one.heard).toEqual(['abc a0']);
  await see('acd', one);
  change('d', 1);
  room();
  await expect.poll(() => one.heard).toEqual(['abc a0', 'acd c0', 'acd d0', 'acd d1']);
});

test('who is waiting for its client goes on from where it was', async () => {
  const { subscribe, see, change } = startThings();
  const one = await subscribe('a');
  await caughtUp(one);
  const room = one.fill();
  change('a', 1);
  await expect.poll(() => one.heard).toEqual(['a a1']);
  change('a', 2);
  await see('ab', one);
  change('b', 1);
  room();
  await expect.poll(() => one.heard).toEqual(['a a1', 'ab a2', 'ab b1']);
});

test('what is seen may become another once more before the operation is open', async () => {
  const { subscribe, see, change, groups } = startThings();
  const one = await subscribe('a');
  await caughtUp(one);
  const opening = Promise.withResolvers<void>();
  one.openAfter(opening.promise);
  const seeing = see('ab', one);
  change('b', 1);
  change('c', 1);
  const again = see('ac', one);
  opening.resolve();
  await Promise.all([seeing, again]);
  change('a', 1);
  await expect.poll(() => one.heard).toEqual(['ac c1', 'ac a1']);
  expect(groups.count()).toBe(1);
});

test('who ends meanwhile has ended', async () => {
  const { subscribe, see, change, groups } = startThings();
  const one = await subscribe('a');
  await caughtUp(one);
  const opening = Promise.withResolvers<void>();
  one.openAfter(opening.promise);
  const seeing = see('ab', one);
  one.subscriber.end();
  opening.resolve();
  await seeing;
  change('a', 1);
  await one.subscriber.done;
  expect([one.heard, groups.count()]).toEqual([[], 0]);
});

test('an operation that can not be opened any more ends with why; one whose holder may see nothing is told nothing', async () => {
  const { subscribe, see, change, groups } = startThings();
  const [failing, gone] = [await subscribe('a'), await subscribe('a')];
  await caughtUp(failing, gone);
  failing.openAfter(Promise.reject(new Error('It is no use.')));
  const ended = expect(failing.subscriber.done).rejects.toThrow('It is no use.');
  const opening = Promise.withResolvers<void>();
  gone.openAfter(opening.promise);
  const seeing = see('ab', failing);
  await Promise.all([seeing, ended]);
  const leaving = see('abc', gone);
  gone.see(null);
  opening.resolve();
  await leaving;
  change('a', 1);
  expect(gone.subscriber.isEnded).toBe(false);
  gone.subscriber.end();
  expect([gone.heard, groups.count()]).toEqual([[], 0]);
});
