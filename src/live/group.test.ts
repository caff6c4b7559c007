import { describe, expect, test } from 'vitest';
import type { Position } from './cursor.ts';
import type { Feed, FeedReader, Told } from './feed.ts';
import { Group } from './group.ts';
import type { LiveHooks } from './hooks.ts';
import { type Sink, Subscriber } from './subscriber.ts';

const hooks = { onExecution() {}, onDelivery() {} };

function told(first: number, last = first, within?: Position['told']): Told {
  return {
    event: `${first}-${last}`,
    position: { seq: within?.until === undefined ? last : first - 1, ...(within && { told: within }) },
    cursor: null,
    first,
    last,
    steps: 1,
    at: null,
  };
}

interface ScriptedReader extends FeedReader {
  /** Has one more thing to tell. @param isSteady what it says of itself from then on */
  tell(next: Told, isSteady?: boolean): void;
  readonly isEnded: boolean;
}

function readerOf(start: Position, script: readonly (Told | Error)[]): ScriptedReader {
  const queue = script.map((next) => ({ next, isSteady: true }));
  let position = start;
  let isSteady = true;
  let isIdle = false;
  let isEnded = false;
  let wake = () => {};
  return {
    get position() {
      return position;
    },
    get isSteady() {
      return isSteady;
    },
    get isIdle() {
      return isIdle;
    },
    get isEnded() {
      return isEnded;
    },
    async poll() {
      const told = queue.shift();
      isIdle = !told;
      if (!told) return null;
      if (told.next instanceof Error) throw told.next;
      position = told.next.position;
      isSteady = told.isSteady;
      return told.next;
    },
    async news() {
      if (queue.length > 0 || isEnded) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    },
    end() {
      isEnded = true;
      wake();
    },
    tell(next, steady = true) {
      queue.push({ next, isSteady: steady });
      isIdle = false;
      wake();
    },
  };
}

interface ScriptedFeed extends Feed {
  /** In the order in which they were opened, and where. */
  readonly readers: readonly ScriptedReader[];
  readonly opened: readonly Position[];
}

/** A feed whose readers, in the order in which they are opened, tell these; an error is thrown. */
function feedOf(...scripts: readonly (readonly (Told | Error)[])[]): ScriptedFeed {
  const opened: Position[] = [];
  const readers: ScriptedReader[] = [];

  function openAt(start: Position): FeedReader {
    const reader = readerOf(start, scripts[opened.length] ?? []);
    opened.push(start);
    readers.push(reader);
    return reader;
  }

  const feed = {
    topic: 'test',
    head: () => 0,
    watch: () => () => {},
    prepare: async () => {},
    opened,
    readers,
    open: async () => openAt({ seq: 5 }),
    from: openAt,
    after: () => feed,
  };
  return feed;
}

const answer = async (event: unknown) => String(event);

async function subscribe(feed: Feed, group = new Group(feed, answer, hooks)) {
  const heard: string[] = [];
  const sink: Sink = { send: (payload) => void heard.push(String(payload)), full: () => null };
  const subscriber = new Subscriber({ group, sink, hooks, onEnd() {} }, await feed.open());
  return { heard, end: () => subscriber.end(), done: subscriber.done };
}

/** A group with a member that has caught up: its own reader is the first, the group's is the second. */
async function groupOf(feed: ScriptedFeed, execute = answer, told: LiveHooks = hooks) {
  const group = new Group(feed, execute, told);
  const member = await subscribe(feed, group);
  await expect.poll(() => feed.readers.length).toBe(2);
  const [, reader] = feed.readers;
  if (!reader) throw new Error('The group has no reader.');
  return { group, member, reader };
}

/** All that has been promised has followed. */
const afterAll = () => new Promise((resolve) => setImmediate(resolve));

/** Subscribes one more, whose own reader is the third. */
async function oneMore(feed: ScriptedFeed, group: Group) {
  const other = await subscribe(feed, group);
  const [, , own] = feed.readers;
  if (!own) throw new Error('It has no reader.');
  return { ...other, own };
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

describe('who has caught up is told by its group', () => {
  test('not in the middle of something: it reads on by itself until that is through', async () => {
    const feed = feedOf([], [], [told(6)]);
    const { group, member, reader } = await groupOf(feed);
    reader.tell(told(6), false);
    await expect.poll(() => member.heard).toEqual(['6-6']);
    const other = await oneMore(feed, group);
    await expect.poll(() => other.heard).toEqual(['6-6']);
    reader.tell(told(7), false);
    await expect.poll(() => member.heard).toEqual(['6-6', '7-7']);
    expect(other.heard).toEqual(['6-6']);
    other.own.tell(told(7));
    await expect.poll(() => other.heard).toEqual(['6-6', '7-7']);
    expect(other.own.isEnded).toBe(false);
    reader.tell(told(8));
    other.own.tell(told(8));
    await expect.poll(() => other.own.isEnded).toBe(true);
    reader.tell(told(9));
    for (const { heard } of [member, other])
      await expect.poll(() => heard).toEqual(['6-6', '7-7', '8-8', '9-9']);
    expect(feed.readers).toHaveLength(3);
  });

  test('not from a position within something', async () => {
    const feed = feedOf([told(6, 6, { key: 'b' })]);
    const { heard } = await subscribe(feed);
    await expect.poll(() => heard).toEqual(['6-6']);
    expect(feed.opened).toEqual([{ seq: 5 }]);
    feed.readers[0]?.tell(told(6, 7, { key: 'c', until: 8 }));
    await expect.poll(() => heard).toEqual(['6-6', '6-7']);
    expect(feed.opened).toEqual([{ seq: 5 }]);
    feed.readers[0]?.tell(told(8));
    await expect.poll(() => feed.opened).toEqual([{ seq: 5 }, { seq: 8 }]);
    feed.readers[1]?.tell(told(9));
    await expect.poll(() => heard).toEqual(['6-6', '6-7', '8-8', '9-9']);
  });

  test('not while it is behind it', async () => {
    const feed = feedOf([], [told(6), told(7), told(8)], [told(6)]);
    const { group, member, reader } = await groupOf(feed);
    await expect.poll(() => member.heard).toEqual(['6-6', '7-7', '8-8']);
    const other = await oneMore(feed, group);
    await expect.poll(() => other.heard).toEqual(['6-6']);
    reader.tell(told(9));
    await expect.poll(() => member.heard).toHaveLength(4);
    expect(other.heard).toEqual(['6-6']);
    for (const seq of [7, 8, 9]) other.own.tell(told(seq));
    await expect.poll(() => other.own.isEnded).toBe(true);
    reader.tell(told(10));
    for (const { heard } of [member, other])
      await expect.poll(() => heard).toEqual(['6-6', '7-7', '8-8', '9-9', '10-10']);
  });

  test('and not again of what it knew before, where it is ahead of it', async () => {
    const feed = feedOf([], [], [told(6), told(7)]);
    const { group, member, reader } = await groupOf(feed);
    const other = await oneMore(feed, group);
    await expect.poll(() => other.own.isEnded).toBe(true);
    for (const seq of [6, 7, 8]) reader.tell(told(seq));
    for (const { heard } of [member, other]) await expect.poll(() => heard).toEqual(['6-6', '7-7', '8-8']);
  });
});

test('a group whose last member leaves while it executes tells nobody, and its reader is ended', async () => {
  const feed = feedOf([]);
  const executing = Promise.withResolvers<string>();
  const deliveries: number[] = [];
  const { member, reader } = await groupOf(feed, () => executing.promise, {
    onExecution: () => void deliveries.push(-1),
    onDelivery: (_told, count) => void deliveries.push(count),
  });
  reader.tell(told(6));
  await expect.poll(() => deliveries).toEqual([-1]);
  member.end();
  expect(reader.isEnded).toBe(true);
  executing.resolve('late');
  await member.done;
  await afterAll();
  expect(deliveries).not.toContain(1);
  expect(member.heard).toEqual([]);
  expect(feed.readers).toHaveLength(2);
});

test('who joins while the last that another was to hear is executed is not told it', async () => {
  const feed = feedOf([]);
  const executing = Promise.withResolvers<string>();
  let executions = 0;
  const { group, member, reader } = await groupOf(feed, async (event) => {
    executions += 1;
    return executions === 1 ? executing.promise : String(event);
  });
  reader.tell(told(6, 8, { key: 'b', until: 8 }), false);
  await expect.poll(() => executions).toBe(1);
  member.end();
  const other = await oneMore(feed, group);
  await expect.poll(() => feed.readers.length).toBe(4);
  executing.resolve('late');
  await afterAll();
  expect(other.heard).toEqual([]);
  for (const seq of [6, 7, 8]) feed.readers[3]?.tell(told(seq));
  await expect.poll(() => other.heard).toEqual(['6-6', '7-7', '8-8']);
});

// Present states of one moment have one seq: a group has no order to tell them by.
test('of a group that has to begin anew, each member reads the present states by itself', async () => {
  const first = { ...told(20, 20, { key: 'a', reset: true }), event: 'a', steps: 0 };
  const last = { ...told(20), event: 'b', steps: 0 };
  // The member's own reader, the group's, and the member's own again.
  const { member, reader } = await groupOf(feedOf([], [], [first, last]));
  reader.tell(first, false);
  await expect.poll(() => member.heard).toEqual(['a', 'b']);
  expect(reader.isEnded).toBe(true);
});
