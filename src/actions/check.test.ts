import { describe, expect, test } from 'vitest';
import type { CampaignSettings, CampaignUpdate, Recurrence, Rule, ScheduledTime } from '../model/action.ts';
import { checkName, checkSettings, checkUpdate } from './check.ts';

/** Which fields are blamed, in the order in which they are told. */
function blamed(settings: CampaignSettings): string[] {
  return paths({ settings });
}

function paths(update: CampaignUpdate): string[] {
  const problems = checkUpdate(update);
  for (const { code } of problems) expect(code).toBe('BAD_INPUT');
  return problems.map(({ argument }) => argument?.join('.') ?? '');
}

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
const rule: Rule = { type: 'fields', fieldId: 'EmailAddress', operator: 'contains', value: '' };

function at(over: Partial<ScheduledTime>): string[] {
  return blamed({ schedule: { at: { ...time, ...over } } });
}

function recurring(over: Partial<Recurrence>): string[] {
  return blamed({ schedule: { recurring: { ...recurrence, ...over } } });
}

function listed(include: readonly string[], exclude?: readonly string[]): string[] {
  return blamed({ audience: { lists: { include, ...(exclude && { exclude }) } } });
}

/** An audience by rules: how many rules each list has. */
function ruled(...counts: readonly number[]): string[] {
  const lists = counts.map((count, place) => ({
    listId: place,
    operator: 'AND' as const,
    rules: Array.from({ length: count }, () => rule),
  }));
  return blamed({ audience: { rules: { lists } } });
}

describe('an update', () => {
  test.each<CampaignUpdate>([{}, { settings: {} }])(
    '%j has nothing to change, and no field is to blame',
    (update) => {
      expect(checkUpdate(update)).toMatchObject([{ code: 'BAD_INPUT', argument: null }]);
    },
  );

  test.each<CampaignUpdate>([
    { name: 'Sale' },
    { status: 'DRAFT' },
    { status: 'READY' },
    { status: 'SENDING' },
    { settings: { sendToSend: false } },
    { settings: { publishOnRss: false } },
    { settings: { approvalExplanation: '' } },
    { settings: { googleAnalyticsDomains: [] } },
  ])('of one thing is one: %j', (update) => {
    expect(checkUpdate(update)).toEqual([]);
  });

  test('with all that can be told is fine', () => {
    const settings: CampaignSettings = {
      emailId: '12',
      schedule: { at: time },
      approvalExplanation: 'Please.',
      googleAnalyticsDomains: ['shop.example.com', 'localhost'],
      publishOnRss: true,
      audience: { lists: { include: ['1', '2:7'], exclude: ['3'] } },
      sendToSend: true,
    };
    expect(checkUpdate({ name: 'Sale', status: 'READY', settings })).toEqual([]);
  });

  test('is told of all its faults at once, each with its own field', () => {
    const settings: CampaignSettings = {
      emailId: '1 2',
      schedule: { at: { date: '2026-13-01', time: '24:00', timeZone: 'Mars/Olympus' } },
      googleAnalyticsDomains: ['https://shop.example.com'],
      audience: { lists: { include: [], exclude: ['1,2'] } },
    };
    expect(paths({ name: '', settings })).toEqual([
      'name',
      'settings.emailId',
      'settings.schedule.at.date',
      'settings.schedule.at.time',
      'settings.schedule.at.timeZone',
      'settings.audience.lists.include',
      'settings.audience.lists.exclude',
      'settings.googleAnalyticsDomains',
    ]);
  });
});

test.each([
  ['Sale', []],
  [' Sale ', []],
  ['0', []],
  ['Распродажа', []],
  [undefined, []],
  ['', [['name']]],
  [' ', [['name']]],
  ['\t\n\u{a0}', [['name']]],
])('a name: %j', (name, blamedPaths) => {
  expect(checkName(name).map(({ argument }) => argument)).toEqual(blamedPaths);
});

test.each([
  ['12', true],
  ['a-b_c', true],
  ['', false],
  [' ', false],
  ['1 2', false],
  ['1,2', false],
  ['1\n', false],
])('an id of an email: %j', (emailId, isFine) => {
  expect(blamed({ emailId })).toEqual(isFine ? [] : ['settings.emailId']);
});

test.each([
  [['shop.example.com'], true],
  [['a.example', 'b.example'], true],
  [['münchen.example'], true],
  [[''], false],
  [['a.example', ''], false],
  [['a.example,b.example'], false],
  [['a example'], false],
  [['https://a.example'], false],
  [['a.example/shop'], false],
])('domains: %j', (googleAnalyticsDomains, isFine) => {
  expect(blamed({ googleAnalyticsDomains })).toEqual(isFine ? [] : ['settings.googleAnalyticsDomains']);
});

describe('a schedule', () => {
  test.each([
    [{ notScheduled: true }, []],
    [{ immediate: true }, []],
    [{ notScheduled: false }, ['settings.schedule.notScheduled']],
    [{ immediate: false }, ['settings.schedule.immediate']],
    [{ at: time }, []],
    [{ recurring: recurrence }, []],
  ])('%j', (schedule, expected) => {
    expect(blamed({ schedule })).toEqual(expected);
  });

  test.each([
    '2026-01-01',
    '2026-12-31',
    '2026-02-28',
    '2026-04-30',
    '2024-02-29',
    '2028-02-29',
    '2000-02-29',
    // It is merely missing, which is the provider's to say.
    '',
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
    ' ',
  ])('on no day of the calendar: "%s"', (date) => {
    expect(at({ date })).toEqual(['settings.schedule.at.date']);
  });

  test.each(['00:00', '08:30', '19:59', '23:59', '00:00:00', '08:30:05', '23:59:59', ''])(
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
    ' ',
  ])('at no time of day: "%s"', (text) => {
    expect(at({ time: text })).toEqual(['settings.schedule.at.time']);
  });

  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata', 'Etc/GMT+5', ''])(
    'in a time zone: "%s"',
    (timeZone) => {
      expect(at({ timeZone })).toEqual([]);
      expect(recurring({ timeZone })).toEqual([]);
    },
  );

  test.each(['Mars/Olympus', 'Europe', 'Berlin', 'Europe/Berlin ', ' ', 'UTC+25', 'Europe/Berlin,UTC'])(
    'in no time zone: "%s"',
    (timeZone) => {
      expect(at({ timeZone })).toEqual(['settings.schedule.at.timeZone']);
      expect(recurring({ timeZone })).toEqual(['settings.schedule.recurring.timeZone']);
    },
  );

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
    expect(blamed({ schedule: { recurring: rest } })).toEqual([]);
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
});

describe('an audience', () => {
  test.each<readonly [include: string[], exclude: string[] | undefined, wrong: string[]]>([
    [['1'], undefined, []],
    [['1', '2:7'], ['2:8'], []],
    [['1'], [], []],
    [[], undefined, ['include']],
    [[], [], ['include']],
    [[''], undefined, ['include']],
    [['1', ' '], undefined, ['include']],
    [['1,2'], undefined, ['include']],
    [['1'], [''], ['exclude']],
    [['1'], ['2', '3 4'], ['exclude']],
    [['1,2'], ['3,4'], ['include', 'exclude']],
    [[], ['3,4'], ['include', 'exclude']],
  ])('of the lists %j without %j', (include, exclude, wrong) => {
    expect(listed(include, exclude)).toEqual(wrong.map((name) => `settings.audience.lists.${name}`));
  });

  test.each<readonly [counts: readonly number[], wrong: readonly string[]]>([
    [[1], []],
    [[1, 3], []],
    [[], ['lists']],
    [[0], ['lists.0.rules']],
    [
      [1, 0, 2, 0],
      ['lists.1.rules', 'lists.3.rules'],
    ],
  ])('by rules, so many for each list: %j', (counts, wrong) => {
    expect(ruled(...counts)).toEqual(wrong.map((path) => `settings.audience.rules.${path}`));
  });
});
