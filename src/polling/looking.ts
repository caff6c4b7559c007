import type { Tracked } from './queue.ts';
import { isOver, type Scheduling } from './scheduling.ts';
import { type Watched, type Watching, wantsMoreThanStatus } from './watching.ts';

export interface LookingParts {
  readonly account: string;
  readonly watching: Watching;
  readonly tracked: ReadonlyMap<string, Tracked>;
  readonly scheduling: Scheduling;
}

/** What follows for campaigns from somebody's beginning to look at them, or leaving. */
export function createLooking({ account, watching, tracked, scheduling }: LookingParts) {
  const { listing, listOnly, unknown, waits, schedule, putFirst } = scheduling;
  const stops = [watching.onMore(begun), watching.onLess(ended)];

  /** Of what a filter asks for, little is known here: the read will tell the rest. */
  function* campaignsOf({ keys, filter }: Watched): Iterable<Tracked> {
    for (const key of keys ?? []) {
      const one = tracked.get(key);
      if (one) yield one;
    }
    if (!filter?.accounts.includes(account)) return;
    for (const one of [...waits.members(), ...listOnly, ...unknown]) {
      if (!filter.statuses || !one.facts || filter.statuses.includes(one.facts.status)) yield one;
    }
  }

  /** What was to be read late is read at once, or as soon as the floor allows. */
  function begun(watched: Watched): void {
    const looked = [...campaignsOf(watched)];
    const isStatusAlone = !wantsMoreThanStatus(watched);
    for (const one of looked) {
      if (isStatusAlone && one.facts && !isOver(one.facts)) listing.note(one, 'status', false);
    }
    for (const one of looked) {
      if (isStatusAlone && listing.servesStatusOf(one)) one.leftToList = true;
      else bringForward(one);
    }
  }

  /** What nobody looks at any more leaves its requests to others, after one more look. */
  function ended(watched: Watched): void {
    // With other filters there, the next read will tell.
    if (watched.filter && watching.needsList(account)) return;
    for (const one of campaignsOf(watched)) {
      const { facts } = one;
      if (!facts || watching.mayLookAt(one.key, account, facts.status)) continue;
      one.interest = 'nothing';
      one.watchedAs = null;
      one.asked = false;
      one.leftToList = false;
      // One last look, as was meant: somebody has looked until now.
      const { dueAt } = one;
      schedule(one);
      if (dueAt < one.dueAt) scheduling.putAt(one, dueAt);
    }
  }

  function bringForward(one: Tracked): void {
    const { facts } = one;
    if (facts?.deleted || (facts && isOver(facts) && one.dueAt === Number.POSITIVE_INFINITY)) return;
    one.unchanged = 0;
    one.failures = 0;
    putFirst(one);
  }

  return {
    /** What somebody looks at goes first: they may have begun before the account was this process's to poll. */
    resumed(): void {
      for (const one of tracked.values()) {
        const { facts } = one;
        if (facts && watching.mayLookAt(one.key, account, facts.status)) bringForward(one);
      }
    },

    /** Those that were left to a list that does not come round often enough any more, or not at all. */
    takeFromList(): void {
      if (listing.servesStatus()) return;
      for (const one of tracked.values()) {
        if (!one.leftToList) continue;
        one.leftToList = false;
        bringForward(one);
      }
      if (!listing.hasGoneAway()) return;
      const all = [...listOnly];
      for (const one of all) schedule(one);
      scheduling.spread(all, false);
    },

    stop(): void {
      for (const stop of stops) stop();
      waits.stop();
    },
  };
}
