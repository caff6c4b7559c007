import {
  type CampaignChange,
  type CampaignState,
  changed,
  type NewCampaign,
  noCounters,
} from './campaign.ts';
import { type Course, positionAt, sendingFrom, stateAt } from './life.ts';
import { createPopulation, type PopulationOptions } from './population.ts';
import { type Birth, type Lives, type Script, scriptOf } from './script.ts';

/** The campaigns of one provider. What lives by a script is computed when asked: nothing ticks. */
export interface World {
  readonly now: () => number;
  /** How long it takes until what was asked for "at once" begins, in ms. */
  readonly momentMs: number;
  get(externalId: string): CampaignState | null;
  /** All there are: the ones that were born by themselves, oldest first, and then the others. */
  all(): CampaignState[];
  /** Adds a campaign that stands still, and tells its id. An id that exists is replaced. */
  add(campaign: NewCampaign): string;
  /** Adds a campaign with a script, which stands still until it is moved, and tells its id. */
  create(campaign: CampaignChange, life: CreatedLife): string;
  /** Changes a campaign, which from then on stands still. Throws a RangeError for an unknown id, as all below. */
  set(externalId: string, change: CampaignChange): void;
  /** Changes a campaign that goes on as it did, moving or standing. */
  amend(externalId: string, change: CampaignChange): void;
  /**
   * As `set`, but a campaign that has a script goes on with it at `at` (ms since 1970; Infinity: it stands still):
   * where it was if it was sending there, else with the next stage that sends.
   */
  move(externalId: string, change: CampaignChange, at: number): void;
  /** Whom a campaign that has a script will be sent to; nothing happens once it has begun. */
  setRecipients(externalId: string, recipients: number): void;
  remove(externalId: string): void;
}

export type CreatedLife = Pick<Birth, 'plot' | 'recipients'>;

/** A campaign that was added has no script. */
interface Life extends Course {
  script: Script | null;
}

const momentMs = 5_000;

export function createWorld(options: PopulationOptions): World {
  const { lives, seed, speed, now } = options;
  const population = createPopulation(options);
  /** The campaigns that something was done to. */
  const touched = new Map<string, Life>();
  const removed = new Set<string>();
  let nextAddedNumber = lives.firstAddedId - lives.firstId;

  function lifeOf(externalId: string): Life | null {
    if (removed.has(externalId)) return null;
    const script = touched.has(externalId) ? null : population.script(externalId);
    const untouched = script && { script, from: script.bornAt, position: 0, held: null };
    return touched.get(externalId) ?? untouched;
  }

  function get(externalId: string): CampaignState | null {
    const life = lifeOf(externalId);
    if (!life?.script) return life?.held ?? null;
    return stateAt(life.script, life, now(), speed);
  }

  function known(externalId: string): { life: Life; state: CampaignState } {
    const [life, state] = [lifeOf(externalId), get(externalId)];
    if (!life || !state) throw new RangeError(`The simulator has no campaign ${externalId}.`);
    return { life, state };
  }

  function idNumbered(number: number): string {
    return `${lives.idPrefix}${lives.firstId + number}`;
  }

  function stopped({ script, ...course }: Life, held: CampaignState): Life {
    return { script, from: Number.POSITIVE_INFINITY, position: positionAt(course, now(), speed), held };
  }

  return {
    now,
    momentMs: momentMs / speed,
    get,
    all() {
      const born = population.scripts().map((script) => script.externalId);
      return [...new Set([...born, ...touched.keys()])].flatMap((externalId) => get(externalId) ?? []);
    },
    add({ externalId: wanted, ...change }) {
      const externalId = wanted ?? idNumbered(nextAddedNumber++);
      const held = changed(blankCampaign(externalId, lives, now()), change);
      removed.delete(externalId);
      touched.set(externalId, { script: null, from: Number.POSITIVE_INFINITY, position: 0, held });
      return externalId;
    },
    create(change, life) {
      const script = scriptOf(lives, seed, { number: nextAddedNumber++, bornAt: now(), ...life });
      const { externalId, recipients } = script;
      const blank = blankCampaign(externalId, lives, script.bornAt);
      const held = changed(blank, { ...change, counters: { recipients } });
      touched.set(externalId, { script, from: Number.POSITIVE_INFINITY, position: 0, held });
      return externalId;
    },
    set(externalId, change) {
      const { life, state } = known(externalId);
      touched.set(externalId, stopped(life, changed(state, change)));
    },
    amend(externalId, change) {
      const { life, state } = known(externalId);
      touched.set(externalId, { ...life, held: changed(state, change) });
    },
    move(externalId, change, at) {
      const { life, state } = known(externalId);
      const held = stopped(life, changed(state, change));
      const { script, position } = held;
      const begun = script && { ...held, from: at, position: sendingFrom(script, position) };
      touched.set(externalId, begun ?? held);
    },
    setRecipients(externalId, recipients) {
      const { life, state } = known(externalId);
      if (!life.script || state.startedAt !== null) return;
      const script = { ...life.script, recipients, messages: recipients };
      touched.set(externalId, { ...life, script, held: changed(state, { counters: { recipients } }) });
    },
    remove(externalId) {
      known(externalId);
      touched.delete(externalId);
      removed.add(externalId);
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
    sendTimeZone: null,
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
