import {
  type CampaignChange,
  type CampaignState,
  changed,
  type NewCampaign,
  noCounters,
} from './campaign.ts';
import { type Course, positionAt, stageAt, stateAt } from './life.ts';
import { type Lives, type Script, scriptOf } from './script.ts';

/** The campaigns of one provider. What lives by a script is computed when asked: nothing ticks. */
export interface World {
  readonly now: () => number;
  get(externalId: string): CampaignState | null;
  /** All there are, the ones that live by a script first, oldest first. */
  all(): CampaignState[];
  /** Adds a campaign that stands still, and tells its id. An id that exists is replaced. */
  add(campaign: NewCampaign): string;
  /** Changes a campaign, which from then on stands still. Throws a RangeError for an unknown id. */
  set(externalId: string, change: CampaignChange): void;
  remove(externalId: string): void;
  /** As `set`, but one that has a script goes on with it after a moment: where it was, or with its next stage. */
  release(externalId: string, change: CampaignChange, onward: 'same stage' | 'next stage'): void;
}

export interface WorldOptions {
  lives: Lives;
  campaigns: number;
  seed: number;
  speed: number;
  now: () => number;
}

/** How many campaigns that have had their time stay visible. */
const kept = 500;
/** How long a campaign that was let go stays in the state it was let go with. */
const releaseMs = 5_000;

export function createWorld({ lives, campaigns, seed, speed, now }: WorldOptions): World {
  const beatMs = campaigns === 0 ? 0 : (lives.periodSeconds * 1_000) / campaigns / speed;
  const firstBirth = now() - beatMs * campaigns * lives.pastPeriods;
  const scripts = new Map<number, Script>();
  const courses = new Map<string, Course>();
  const removed = new Set<string>();
  let nextAddedId = lives.firstAddedId;

  function numbers(): { oldest: number; newest: number } {
    if (campaigns === 0) return { oldest: 0, newest: -1 };
    const newest = Math.floor((now() - firstBirth) / beatMs);
    return { oldest: Math.max(0, newest - campaigns - kept + 1), newest };
  }

  function scriptNumbered(number: number): Script {
    const known = scripts.get(number);
    if (known) return known;
    const script = scriptOf(lives, number, seed, campaigns, firstBirth + number * beatMs);
    scripts.set(number, script);
    if (scripts.size > 2 * (campaigns + kept)) forgetOld();
    return script;
  }

  function forgetOld(): void {
    const { oldest } = numbers();
    for (const number of scripts.keys()) {
      if (number < oldest) scripts.delete(number);
    }
  }

  function scriptOfId(externalId: string): Script | null {
    const number = Number(externalId.slice(lives.idPrefix.length)) - lives.firstId;
    const { oldest, newest } = numbers();
    if (!Number.isSafeInteger(number) || number < oldest || number > newest) return null;
    const script = scriptNumbered(number);
    return script.externalId === externalId ? script : null;
  }

  function get(externalId: string): CampaignState | null {
    if (removed.has(externalId)) return null;
    const course = courses.get(externalId);
    if (course?.held && now() < course.from) return course.held;
    const script = scriptOfId(externalId);
    if (!script) return course?.held ?? null;
    return stateAt(script, course ?? { from: script.bornAt, position: 0, held: null }, now(), speed);
  }

  function known(externalId: string): CampaignState {
    const state = get(externalId);
    if (!state) throw new RangeError(`The simulator has no campaign ${externalId}.`);
    return state;
  }

  function set(externalId: string, change: CampaignChange): void {
    const held = changed(known(externalId), change);
    const script = scriptOfId(externalId);
    const course = courses.get(externalId) ?? { from: script?.bornAt ?? now(), position: 0, held: null };
    courses.set(externalId, {
      from: Number.POSITIVE_INFINITY,
      position: positionAt(course, now(), speed),
      held,
    });
  }

  return {
    now,
    get,
    set,
    all() {
      const states = new Map<string, CampaignState>();
      const { oldest, newest } = numbers();
      const scripted = Array.from({ length: newest - oldest + 1 }, (_, index) =>
        scriptNumbered(oldest + index),
      );
      for (const externalId of [...scripted.map((script) => script.externalId), ...courses.keys()]) {
        const state = get(externalId);
        if (state) states.set(externalId, state);
      }
      return [...states.values()];
    },
    add({ externalId: wanted, ...change }) {
      const externalId = wanted ?? `${lives.idPrefix}${nextAddedId++}`;
      removed.delete(externalId);
      courses.set(externalId, {
        from: Number.POSITIVE_INFINITY,
        position: 0,
        held: changed(blankCampaign(externalId, lives, now()), change),
      });
      return externalId;
    },
    remove(externalId) {
      known(externalId);
      courses.delete(externalId);
      removed.add(externalId);
    },
    release(externalId, change, onward) {
      set(externalId, change);
      const script = scriptOfId(externalId);
      const course = courses.get(externalId);
      if (!script || !course) return;
      const next = script.stages[stageAt(script, course.position) + 1];
      const position = onward === 'next stage' && next ? next.from : course.position;
      courses.set(externalId, { ...course, position, from: now() + releaseMs / speed });
    },
  };
}

function blankCampaign(externalId: string, lives: Lives, createdAt: number): CampaignState {
  return {
    externalId,
    name: `Campaign ${externalId}`,
    subject: `Campaign ${externalId}`,
    sender: 'Nordlys',
    senderAddress: 'hello@nordlys.example',
    ...lives.blank,
    statusReason: null,
    createdAt,
    scheduledAt: createdAt,
    startedAt: null,
    finishedAt: null,
    tags: [],
    price: 0,
    warnings: [],
    foreign: false,
    counters: noCounters,
    extra: {},
  };
}
