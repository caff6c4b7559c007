import { describe, expect, test } from 'vitest';
import type { CampaignSettings, CampaignUpdate, Rule, ScheduledTime } from '../model/action.ts';
import { checkName, checkUpdate } from './check.ts';

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
const rule: Rule = { type: 'fields', fieldId: 'EmailAddress', operator: 'contains', value: '' };

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
