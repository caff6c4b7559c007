import { expect, test } from 'vitest';
import type { Position } from './cursor.ts';
import type { Feed, FeedReader, Told } from './feed.ts';
import { Group } from './group.ts';
import { type Sink, Subscriber } from './subscriber.ts';

const hooks = { onExecution() {}, onDelivery() {} };

function told(first: number, last = first): Told {
  return {
    event: `${first}-${last}`,
    position: { seq: last },
    cursor: null,
    first,
    last,
    steps: 1,
    at: null,
  };
}

/** A feed whose readers, in the order in which they are opened, tell these; an error is thrown. */
function feedOf(...scripts: readonly (readonly (Told | Error)[])[]): Feed & { readonly opened: Position[] } {
  const opened: Position[] = [];

  function openAt(start: Position): FeedReader {
    const script = [...(scripts[opened.length] ?? [])];
    let position = start;
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    opened.push(start);
    return {
      get position() {
        return position;
      },
      isSteady: true,
      async poll() {
        const next = script.shift();
        if (next instanceof Error) throw next;
        if (next) position = next.position;
        return next ?? null;
      },
      news: () => ended,
      end: () => end(),
    };
  }

  const feed = {
    topic: 'test',
    head: () => 0,
    opened,
    open: async () => openAt({ seq: 5 }),
    from: openAt,
    after: () => feed,
  };
  return feed;
}

async function subscribe(feed: Feed) {
  const heard: string[] = [];
  const sink: Sink = { send: (payload) => void heard.push(String(payload)), full: () => null };
  const group = new Group(feed, async (event) => String(event), hooks);
  const subscriber = new Subscriber({ group, sink, hooks, onEnd() {} }, await feed.open());
  return { heard, end: () => subscriber.end(), done: subscriber.done };
}

test('a feed that can not be read any more ends the subscription with its error, and nothing else', async () => {
  // The subscriber's own reader has caught up; then the group's fails, and the next of the subscriber's own.
  const feed = feedOf([], [new Error('The database is away.')], [new Error('The database is away.')]);
  const { done } = await subscribe(feed);
  await expect(done).rejects.toThrow('The database is away.');
});

test('a feed that could not be read once is read on from where the subscriber is', async () => {
  const feed = feedOf([told(6)], [new Error('The database is away.')], [told(7)], [told(8)]);
  const { heard, end, done } = await subscribe(feed);
  await expect.poll(() => heard).toEqual(['6-6', '7-7', '8-8']);
  expect(feed.opened).toEqual([{ seq: 5 }, { seq: 6 }, { seq: 6 }, { seq: 7 }]);
  end();
  await done;
});

test('steps merged with some that were told already are read by the subscriber itself, from where it is', async () => {
  const feed = feedOf([told(6)], [told(5, 8)], [told(7), told(8)], [told(9)]);
  const { heard, end, done } = await subscribe(feed);
  await expect.poll(() => heard).toEqual(['6-6', '7-7', '8-8', '9-9']);
  end();
  await done;
});
