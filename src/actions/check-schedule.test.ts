import { describe, expect, test } from 'vitest';
import type { Recurrence, Schedule, ScheduledTime } from '../model/action.ts';
import { checkSettings } from './check.ts';

const time: ScheduledTime = { date: '2026-12-24', time: '08:30', timeZone: 'Europe/Berlin' };
const recurrence: Recurrence = {
  daysOfWeek: [1, 5],
  daysOfMonth: [1, 31],
  months: [1, 12],
  hours: [0, 23],
  minutes: [0, 59],
  maxInstances: 10,
  timeZone: 'UTC',
};

/** Which fields are blamed, in the order in which they are told. */
function blamed(schedule: Schedule): string[] {
  const problems = checkSettings({ schedule });
  for (const { code } of problems) expect(code).toBe('BAD_INPUT');
  return problems.map(({ argument }) => argument?.join('.') ?? '');
}

function at(over: Partial<ScheduledTime>): string[] {
  return blamed({ at: { ...time, ...over } });
}

function recurring(over: Partial<Recurrence>): string[] {
  return blamed({ recurring: { ...recurrence, ...over } });
}

describe('a schedule', () => {
  test.each([
    [{ notScheduled: true }, []],
    [{ immediate: true }, []],
    [{ notScheduled: false }, ['settings.schedule.notScheduled']],
    [{ immediate: false }, ['settings.schedule.immediate']],
    [{ at: time }, []],
    [{ recurring: recurrence }, []],
  ])('%j', (schedule, expected) => {
    expect(blamed(schedule)).toEqual(expected);
  });

  test.each([
    '2026-01-01',
    '2026-12-31',
    '2026-02-28',
    '2026-04-30',
    '2024-02-29',
    '2028-02-29',
    '2000-02-29',
    '1000-01-01',
    '9999-12-31',
    // It is merely missing, which is the provider's to say.
    '',
    ' ',
  ])('on a day of the calendar: "%s"', (date) => {
    expect(at({ date })).toEqual([]);
  });

  test.each([
    '2026-02-29',
    '2026-02-30',
    '2026-02-31',
    '2026-04-31',
    '2026-06-31',
    '2026-09-31',
    '2026-11-31',
    '2026-01-32',
    '2026-01-00',
    '2026-00-01',
    '2026-13-01',
    '1900-02-29',
    '2100-02-29',
    '2026-1-1',
    '26-01-01',
    '20260101',
    '2026/01/01',
    '01.01.2026',
    '2026-01-01T00:00:00Z',
    '2026-01-01 ',
    ' 2026-01-01',
    '2026-01-01\n',
    '+002026-01-01',
    '-2026-01-01',
    'tomorrow',
    '0999-12-31',
    '0000-01-01',
  ])('on no day of the calendar: "%s"', (date) => {
    expect(at({ date })).toEqual(['settings.schedule.at.date']);
  });

  test.each(['00:00', '08:30', '19:59', '23:59', '00:00:00', '08:30:05', '23:59:59', '', ' '])(
    'at a time of day: "%s"',
    (text) => {
      expect(at({ time: text })).toEqual([]);
    },
  );

  test.each([
    '24:00',
    '23:60',
    '23:59:60',
    '8:30',
    '08:3',
    '0830',
    '08.30',
    '08:30:5',
    '08:30:00.5',
    '08:30Z',
    '08:30+02:00',
    '08:30 ',
    ' 08:30',
    '08:30\n',
    '8:30 AM',
    'noon',
  ])('at no time of day: "%s"', (text) => {
    expect(at({ time: text })).toEqual(['settings.schedule.at.time']);
  });

  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata', 'Etc/GMT+5', '', ' '])(
    'in a time zone: "%s"',
    (timeZone) => {
      expect(at({ timeZone })).toEqual([]);
      expect(recurring({ timeZone })).toEqual([]);
    },
  );

  test.each([
    'Mars/Olympus',
    'Europe',
    'Berlin',
    'Europe/Berlin ',
    'UTC+25',
    '+05:00',
    '-0500',
    '+05',
    'Europe/Berlin,UTC',
  ])('in no time zone: "%s"', (timeZone) => {
    expect(at({ timeZone })).toEqual(['settings.schedule.at.timeZone']);
    expect(recurring({ timeZone })).toEqual(['settings.schedule.recurring.timeZone']);
  });

  test.each([
    ['daysOfWeek', 0, 7],
    ['daysOfMonth', 1, 31],
    ['months', 1, 12],
    ['hours', 0, 23],
    ['minutes', 0, 59],
  ])('that recurs has %s from %i to %i', (name, least, most) => {
    const path = [`settings.schedule.recurring.${name}`];
    expect(recurring({ [name]: [least, most] })).toEqual([]);
    expect(
      recurring({ [name]: Array.from({ length: most - least + 1 }, (_, place) => least + place) }),
    ).toEqual([]);
    expect(recurring({ [name]: [least - 1] })).toEqual(path);
    expect(recurring({ [name]: [most + 1] })).toEqual(path);
    // One fault for the field, however many of its numbers are wrong.
    expect(recurring({ [name]: [most, least - 1, most + 1, -2_147_483_648] })).toEqual(path);
    // None at all is merely missing.
    expect(recurring({ [name]: [] })).toEqual([]);
  });

  test('that recurs may leave out one kind of days, or both: the provider will say', () => {
    const { daysOfWeek: _week, daysOfMonth: _month, ...rest } = recurrence;
    expect(blamed({ recurring: rest })).toEqual([]);
  });

  test('that recurs is told of all its faults at once', () => {
    const wrong: Recurrence = {
      daysOfWeek: [8],
      daysOfMonth: [0],
      months: [13],
      hours: [24],
      minutes: [60],
      maxInstances: 1,
      timeZone: 'nowhere',
    };
    expect(recurring(wrong)).toEqual(
      ['daysOfWeek', 'daysOfMonth', 'months', 'hours', 'minutes', 'timeZone'].map(
        (name) => `settings.schedule.recurring.${name}`,
      ),
    );
  });

  test('names what is wrong, and what would be right', () => {
    const schedule = { at: { date: '2026-02-30', time: '25:00', timeZone: 'Mars' } };
    expect(checkSettings({ schedule }).map(({ message }) => message)).toEqual([
      '"2026-02-30" is no day of the calendar, such as 2026-12-24.',
      '"25:00" is no time of day, such as 08:30.',
      '"Mars" is no time zone, such as Europe/Berlin.',
    ]);
    const [problem] = checkSettings({ schedule: { recurring: { ...recurrence, hours: [24] } } });
    expect(problem?.message).toBe('Each of hours is a number from 0 to 23.');
  });

  test('repeats no more than 80 characters of what is wrong', () => {
    const long = 'x'.repeat(81);
    const problems = checkSettings({ schedule: { at: { date: long, time: long, timeZone: long } } });
    for (const { message } of problems) expect(message).toMatch(/^"x{80}" is no /);
    expect(problems).toHaveLength(3);
  });
});
