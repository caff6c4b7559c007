import type { CampaignState, Counters } from './campaign.ts';
import type { Script } from './script.ts';

/**
 * Where a campaign is in its script: from `from` (real ms) on it moves, beginning at `position` (script ms).
 * Before that it is what `held` says; a pause is a course that begins at infinity.
 */
export interface Course {
  from: number;
  position: number;
  held: CampaignState | null;
}

/** Messages are reported back this long after they were sent, and opened over this long after that. */
const reportDelayMs = 4_000;
const openingMs = 75_000;

export function positionAt(course: Course, at: number, speed: number): number {
  return course.position + Math.max(0, at - course.from) * speed;
}

/** The index of the stage that `position` falls into. */
export function stageAt(script: Script, position: number): number {
  let index = 0;
  for (const [next, stage] of script.stages.entries()) {
    if (stage.from <= position) index = next;
  }
  return index;
}

/** Where sending goes on: `position` itself in a stage that sends, else where the next such stage begins, if any. */
export function sendingFrom(script: Script, position: number): number {
  const present = stageAt(script, position);
  const next = script.stages.find(
    ({ sent }, index) => index >= present && sent > (script.stages[index - 1]?.sent ?? 0),
  );
  return Math.max(position, next?.from ?? position);
}

/** How much of the campaign has been sent, 0 to 1. Never falls as `position` grows. */
function shareSent(script: Script, position: number): number {
  const index = stageAt(script, position);
  const stage = script.stages[index];
  if (!stage || position < 0) return 0;
  const before = script.stages[index - 1]?.sent ?? 0;
  const next = script.stages[index + 1];
  if (!next) return stage.sent;
  return before + (stage.sent - before) * ((position - stage.from) / (next.from - stage.from));
}

/** How many of those who will ever open have done so, as a share of everybody: sending, smeared over `openingMs`. */
function shareOpening(script: Script, position: number): number {
  const steps = 6;
  let sum = 0;
  for (let step = 1; step <= steps; step++) {
    sum += shareSent(script, position - reportDelayMs - openingMs * (step / steps) ** 2);
  }
  return sum / steps;
}

/**
 * The counters at a position, so that each only ever grows and, once all is reported, they add up: every floor is
 * taken of something that grows by whole steps, and what is left over is the other part.
 */
function countersAt(script: Script, position: number): Counters {
  const { recipients, messages, rates } = script;
  const handled = Math.floor(messages * shareSent(script, position));
  const failed = Math.floor(handled * rates.failed);
  const reportedOf = Math.floor(messages * shareSent(script, position - reportDelayMs));
  const reported = reportedOf - Math.floor(reportedOf * rates.failed);
  const lost = Math.floor(reported * rates.lost);
  const delivered = reported - lost;
  const firstLost = Math.floor(lost * 0.4);
  const lostLater = lost - firstLost;
  const secondLost = Math.floor(lostLater * 0.5);
  const opened = Math.floor(
    messages * shareOpening(script, position) * (1 - rates.failed - rates.lost) * rates.opened,
  );
  const clicked = Math.floor(opened * rates.clicked);
  const isEmail = script.channel === 'email';
  return {
    recipients,
    messages,
    sent: handled - failed,
    delivered,
    opened: Math.min(opened, delivered),
    openedTotal: opened + Math.floor(opened * 0.34),
    clicked,
    clickedTotal: clicked + Math.floor(clicked * 0.22),
    unsubscribed: Math.floor(opened * 0.018),
    complained: Math.floor(opened * 0.006),
    failed,
    hardBounced: isEmail ? firstLost : 0,
    softBounced: isEmail ? lostLater : 0,
    undelivered: isEmail ? 0 : firstLost,
    expired: isEmail ? 0 : secondLost,
    unknown: isEmail ? 0 : lostLater - secondLost,
    notOnService: 0,
  };
}

/** The state of a scripted campaign at a moment (ms); pure: the same arguments give the same state. */
export function stateAt(script: Script, course: Course, at: number, speed: number): CampaignState {
  const { held } = course;
  if (held && at < course.from) return held;
  const position = positionAt(course, at, speed);
  const timeOf = (offset: number) => Math.round(course.from + (offset - course.position) / speed);
  const stage = script.stages[stageAt(script, position)];
  const started = position >= script.startsAt;
  const finished = started && position >= script.endsAt;
  const counters = countersAt(script, position);
  // One that was held goes on with what it was given meanwhile, and began when it began.
  const { name, subject, sender, senderAddress, channel, tags, currency } = held ?? script;
  const planned = held && course.position >= script.plannedAt ? held.scheduledAt : timeOf(script.plannedAt);
  const endedBefore = held && course.position >= script.endsAt ? held.finishedAt : null;
  return {
    externalId: script.externalId,
    name,
    subject,
    sender,
    senderAddress,
    channel,
    tags,
    currency,
    status: stage?.status ?? '',
    scheduleType: stage?.scheduleType ?? held?.scheduleType ?? null,
    sendTimeZone: held?.sendTimeZone ?? null,
    statusReason: stage?.reason ?? null,
    createdAt: Math.round(script.bornAt),
    scheduledAt: planned,
    startedAt: held?.startedAt ?? (started ? timeOf(script.startsAt) : null),
    finishedAt: finished ? (endedBefore ?? timeOf(script.endsAt)) : null,
    price: (counters.sent + counters.failed) * script.pricePerMessage,
    warnings: held?.warnings ?? [],
    foreign: held?.foreign ?? false,
    counters,
    extra: held?.extra ?? {},
  };
}
