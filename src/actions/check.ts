import type {
  Audience,
  CampaignSettings,
  CampaignUpdate,
  Recurrence,
  Schedule,
  ScheduledTime,
} from '../model/action.ts';
import { ProblemError } from '../model/problem.ts';
import { isTimeZone } from '../model/time-zone.ts';

/**
 * What is wrong with an update at whatever provider, found without asking anybody. What is merely missing is the
 * provider's to say (`CampaignChanges.check`). Each error blames one field, as `settings.schedule.at.date`.
 */
export function checkUpdate({ name, status, settings }: CampaignUpdate): ProblemError[] {
  const isEmpty =
    name === undefined &&
    status === undefined &&
    Object.values(settings ?? {}).every((one) => one === undefined);
  if (isEmpty)
    return [
      new ProblemError(
        'BAD_INPUT',
        'There is nothing to change: say at least one of name, status and settings.',
      ),
    ];
  return [...checkName(name), ...checkSettings(settings ?? {})];
}

export function checkName(name: string | undefined): ProblemError[] {
  return name === undefined || name.trim() !== '' ? [] : [fault(['name'], 'A campaign needs a name.')];
}

export function checkSettings(settings: CampaignSettings): ProblemError[] {
  const { emailId, schedule, audience, googleAnalyticsDomains = [] } = settings;
  return [
    ...check(emailId === undefined || isId(emailId), ['settings', 'emailId'], 'This is no id of an email.'),
    ...(schedule ? checkSchedule(schedule) : []),
    ...(audience ? checkAudience(audience) : []),
    ...check(
      googleAnalyticsDomains.every((domain) => /^[^\s,/]+$/.test(domain)),
      ['settings', 'googleAnalyticsDomains'],
      'A domain is a name like shop.example.com, without blanks, commas and slashes.',
    ),
  ];
}

function checkSchedule({ notScheduled, immediate, at, recurring }: Schedule): ProblemError[] {
  const schedule = ['settings', 'schedule'];
  const mustBeTrue = 'Say true, or choose another kind of schedule.';
  return [
    ...check(notScheduled !== false, [...schedule, 'notScheduled'], mustBeTrue),
    ...check(immediate !== false, [...schedule, 'immediate'], mustBeTrue),
    ...(at ? checkTime(at, [...schedule, 'at']) : []),
    ...(recurring ? checkRecurrence(recurring, [...schedule, 'recurring']) : []),
  ];
}

function checkTime({ date, time, timeZone }: ScheduledTime, path: readonly string[]): ProblemError[] {
  return [
    ...check(
      date.trim() === '' || isDate(date),
      [...path, 'date'],
      `"${short(date)}" is no day of the calendar, such as 2026-12-24.`,
    ),
    ...check(
      time.trim() === '' || /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(time),
      [...path, 'time'],
      `"${short(time)}" is no time of day, such as 08:30.`,
    ),
    ...checkTimeZone(timeZone, path),
  ];
}

function checkRecurrence(recurrence: Recurrence, path: readonly string[]): ProblemError[] {
  const { daysOfWeek = [], daysOfMonth = [], months, hours, minutes, timeZone } = recurrence;
  const range = (name: string, values: readonly number[], least: number, most: number) =>
    check(
      values.every((value) => value >= least && value <= most),
      [...path, name],
      `Each of ${name} is a number from ${least} to ${most}.`,
    );
  return [
    // Sunday is 0 to some and 7 to others.
    ...range('daysOfWeek', daysOfWeek, 0, 7),
    ...range('daysOfMonth', daysOfMonth, 1, 31),
    ...range('months', months, 1, 12),
    ...range('hours', hours, 0, 23),
    ...range('minutes', minutes, 0, 59),
    ...checkTimeZone(timeZone, path),
  ];
}

function checkTimeZone(timeZone: string, path: readonly string[]): ProblemError[] {
  const isFine = timeZone.trim() === '' || (/^[a-z]/i.test(timeZone) && isTimeZone(timeZone));
  return check(isFine, [...path, 'timeZone'], `"${short(timeZone)}" is no time zone, such as Europe/Berlin.`);
}

function checkAudience({ lists, rules }: Audience): ProblemError[] {
  const path = ['settings', 'audience'];
  const id = 'An id of a list or a segment has no blanks and no commas.';
  return [
    ...check(
      lists?.include.length !== 0,
      [...path, 'lists', 'include'],
      'Name at least one list or segment.',
    ),
    ...check((lists?.include ?? []).every(isId), [...path, 'lists', 'include'], id),
    ...check((lists?.exclude ?? []).every(isId), [...path, 'lists', 'exclude'], id),
    ...check(rules?.lists.length !== 0, [...path, 'rules', 'lists'], 'Name at least one list.'),
    ...(rules?.lists ?? []).flatMap((list, place) =>
      check(
        list.rules.length > 0,
        [...path, 'rules', 'lists', String(place), 'rules'],
        'Give at least one rule.',
      ),
    ),
  ];
}

function isId(text: string): boolean {
  return /^[^\s,]+$/.test(text);
}

/** Date.parse takes the 31st of June for the 1st of July. */
function isDate(text: string): boolean {
  if (!/^[1-9]\d{3}-\d{2}-\d{2}$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** What is repeated of an input in an error. */
function short(text: string): string {
  return text.slice(0, 80);
}

function check(isFine: boolean, argument: readonly string[], message: string): ProblemError[] {
  return isFine ? [] : [fault(argument, message)];
}

function fault(argument: readonly string[], message: string): ProblemError {
  return new ProblemError('BAD_INPUT', message, { argument });
}
