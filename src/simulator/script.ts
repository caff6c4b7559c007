import { type Copy, copyFor } from './copy.ts';
import { between, type Random, randomFor } from './random.ts';

/** One status of a plot: how long it lasts, and how much of the campaign has been sent by its end (0 to 1). */
export interface PlotStage {
  status: string;
  seconds: number;
  sent: number;
  scheduleType: string | null;
  reason: string | null;
}

/** The statuses a campaign goes through; the last one stays. */
export type Plot = readonly PlotStage[];

export interface Rates {
  failed: number;
  lost: number;
  opened: number;
  clicked: number;
}

/** Who lives at a provider. A campaign's number says everything about it: its id, its birth, its plot. */
export interface Lives {
  /** The number 0 has this id; the others count up from it. */
  firstId: number;
  idPrefix: string;
  /** Ids of campaigns that are added or created begin here. */
  firstAddedId: number;
  /** As many campaigns are born in this time as live at once. */
  periodSeconds: number;
  /** How many of those periods have passed when the simulator starts: its history. */
  pastPeriods: number;
  /** What a campaign is that was added with nothing said. */
  blank: { status: string; scheduleType: string | null; channel: string; currency: string | null };
  plot(number: number, campaigns: number): Plot;
  channel(number: number): string;
  rates(random: Random, channel: string): Rates;
  recipients: readonly [low: number, high: number];
  pricePerMessage: number;
}

/** What a script is made of, besides chance. */
export interface Birth {
  number: number;
  bornAt: number;
  plot: Plot;
  recipients: readonly [low: number, high: number];
}

interface ScriptStage {
  status: string;
  /** Milliseconds since the campaign's birth, at speed 1. */
  from: number;
  sent: number;
  scheduleType: string | null;
  reason: string | null;
}

/** Everything about a campaign's life, fixed at its birth. Offsets are milliseconds since then, at speed 1. */
export interface Script extends Copy {
  externalId: string;
  bornAt: number;
  stages: readonly ScriptStage[];
  plannedAt: number;
  /** Infinity when nothing is ever sent. */
  startsAt: number;
  endsAt: number;
  channel: string;
  recipients: number;
  messages: number;
  rates: Rates;
  pricePerMessage: number;
  currency: string | null;
}

/** Stage boundaries are moved by up to this much, so that the providers don't tick like one clock. */
const jitterMs = 1_500;

function stagesOf(plot: Plot, random: Random): ScriptStage[] {
  let at = 0;
  const stages: ScriptStage[] = [];
  for (const { seconds, ...stage } of plot) {
    const from = stages.length === 0 ? 0 : at + between(random, -jitterMs, jitterMs);
    stages.push({ ...stage, from });
    at += seconds * 1_000;
  }
  return stages;
}

/** The script of one campaign of a provider; the same for the same seed and birth. */
export function scriptOf(lives: Lives, seed: number, birth: Birth): Script {
  const { number, bornAt, plot } = birth;
  const random = randomFor(seed + lives.firstId, number);
  const stages = stagesOf(plot, random);
  const channel = lives.channel(number);
  const recipients = Math.round(between(random, ...birth.recipients));
  const firstSending = stages.findIndex((stage) => stage.sent > 0);
  const lastSending = stages.findLastIndex((stage, index) => stage.sent > (stages[index - 1]?.sent ?? 0));
  const startsAt = stages[firstSending]?.from ?? Number.POSITIVE_INFINITY;
  const lastFrom = stages.at(-1)?.from ?? 0;
  return {
    ...copyFor(random, channel),
    externalId: `${lives.idPrefix}${lives.firstId + number}`,
    bornAt,
    stages,
    // The plan is a moment before the real start; what never starts had been planned for a little after its end.
    plannedAt: firstSending === -1 ? lastFrom + 60_000 : startsAt - between(random, 500, 3_000),
    startsAt,
    endsAt: stages[lastSending + 1]?.from ?? lastFrom,
    channel,
    recipients,
    messages: channel === 'sms' ? Math.round(recipients * between(random, 1, 1.4)) : recipients,
    rates: lives.rates(random, channel),
    pricePerMessage: lives.pricePerMessage,
    currency: lives.blank.currency,
  };
}

/** One stage of a plot. `sent` is the share that has been sent by its end. */
export function stage(status: string, seconds: number, sent = 0): PlotStage {
  return { status, seconds, sent, scheduleType: null, reason: null };
}

/** The status that a plot ends with. */
export function last(status: string, sent = 0): PlotStage {
  return stage(status, Number.POSITIVE_INFINITY, sent);
}
