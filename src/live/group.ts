import { isAmongStates, isPlain, type Position } from './cursor.ts';
import type { Feed, FeedReader, Told } from './feed.ts';
import type { LiveHooks } from './hooks.ts';

/** Who is told by a group, once it has caught up. */
export interface Member {
  /**
   * @param payload the answer as JSON, in UTF-8
   * @returns whether it was news to the member
   */
  deliver(told: Told, payload: Buffer): boolean;
  /** Is called where the group can't go on: the member goes on by itself. */
  leave(): void;
}

/**
 * Subscriptions that ask the same of the same feed. Those that have caught up are told together: what comes is executed
 * once and encoded once, and the text goes to every member.
 */
export class Group {
  readonly feed: Feed;
  readonly #execute: (event: unknown) => Promise<string>;
  readonly #hooks: LiveHooks;
  readonly #live = new Set<Member>();
  #reader: FeedReader | null = null;
  /** Where its reader stood before what it reads or tells now. */
  #place: Position | null = null;
  #settle = () => {};
  #settled: Promise<void> | null = null;

  constructor(feed: Feed, execute: (event: unknown) => Promise<string>, hooks: LiveHooks) {
    this.feed = feed;
    this.#execute = execute;
    this.#hooks = hooks;
  }

  /** The answer to one event, as JSON in UTF-8. */
  async execute({ event }: Told): Promise<Buffer> {
    this.#hooks.onExecution();
    return Buffer.from(await this.#execute(event));
  }

  /**
   * Takes in a member that has been told everything up to a position.
   * @returns false: the group is further than that, or in the middle of something; `settled` tells when to try again
   */
  join(member: Member, position: Position): boolean {
    if (!isPlain(position)) return false;
    if (!this.#reader) {
      this.#live.add(member);
      this.#reader = this.feed.from(position);
      this.#place = position;
      void this.#run(this.#reader);
      return true;
    }
    if (!this.#reader.isSteady || position.seq < this.#reader.position.seq) return false;
    this.#live.add(member);
    return true;
  }

  leave(member: Member): void {
    this.#live.delete(member);
    if (this.#live.size > 0) return;
    this.#reader?.end();
    this.#reader = null;
    this.#place = null;
    this.#settle();
  }

  /** Up to where its members have been told for sure, whatever is being read or executed now; null: it has none. */
  get place(): Position | null {
    return this.#reader?.isIdle ? this.#reader.position : this.#place;
  }

  /** Resolves once the group has told what it is telling now. */
  settled(): Promise<void> {
    this.#settled ??= new Promise((resolve) => {
      this.#settle = () => {
        this.#settled = null;
        resolve();
      };
    });
    return this.#settled;
  }

  /** A feed that can't be read (the database is away) is for each member to find out, and to tell its client. */
  async #run(reader: FeedReader): Promise<void> {
    try {
      while (this.#reader === reader) await this.#tellNext(reader);
    } catch {
      if (this.#reader === reader) this.#disband();
    }
  }

  /**
   * Every member goes on by itself. Present states, which come where the past is lost, have no order to be told by; and
   * what is told of a thinned log depends on where each came to it.
   */
  #disband(): void {
    for (const member of [...this.#live]) member.leave();
  }

  async #tellNext(reader: FeedReader): Promise<void> {
    this.#place = reader.position;
    const told = await reader.poll();
    if (told) {
      if (isAmongStates(told.position) || told.position.since) return this.#disband();
      const payload = await this.execute(told);
      // Meanwhile the last member may have left, and another have come that is told by another reader.
      if (this.#reader !== reader) return;
      let delivered = 0;
      for (const member of this.#live) if (member.deliver(told, payload)) delivered += 1;
      this.#hooks.onDelivery(told, delivered);
    }
    if (reader.isSteady) this.#settle();
    if (!told) await reader.news();
  }
}

/** What a subscription asks for, for somebody who sees certain things. */
export interface OpenOperation {
  readonly feed: Feed;
  /** The same for all that ask the same, wherever in the feed they begin. */
  readonly request: string;
  /** The same for all who see the same, and may do the same with it. */
  readonly seen: string;
  /** The answer to an event, as JSON. */
  readonly execute: (event: unknown) => Promise<string>;
}

export interface Groups {
  /** The group of those who ask for the same and see the same; it is kept until it is released as often. */
  hold(operation: OpenOperation): Group;
  release(group: Group): void;
  count(): number;
}

export function createGroups(hooks: LiveHooks): Groups {
  const groups = new Map<string, Group>();
  const holds = new Map<Group, { readonly key: string; readonly endWatch: () => void; count: number }>();
  return {
    hold({ feed, request, seen, execute }) {
      const key = `${feed.topic} ${request} ${seen}`;
      const group = groups.get(key) ?? new Group(feed, execute, hooks);
      groups.set(key, group);
      const held = holds.get(group);
      if (held) held.count += 1;
      else holds.set(group, { key, endWatch: feed.watch(), count: 1 });
      return group;
    },

    release(group) {
      const held = holds.get(group);
      if (!held) return;
      held.count -= 1;
      if (held.count > 0) return;
      held.endWatch();
      holds.delete(group);
      groups.delete(held.key);
    },

    count: () => groups.size,
  };
}
