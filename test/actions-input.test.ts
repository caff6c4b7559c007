import { describe, expect, test } from 'vitest';
import { startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, startTestApp } from './support/app.ts';
import { until } from './support/wait.ts';

const id = 'campaign:octeth-main:1';

/** An app that knows one campaign, and reads nothing by itself any more. */
async function startOcteth() {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0 }));
  const { octeth } = simulator.providers;
  octeth.add({ externalId: '1', name: 'Winter sale', status: 'Draft', scheduleType: 'Not Scheduled' });
  const polling = { fastest: 600, slowest: 3_600 };
  const app = stack.use(await startTestApp({ accounts: [accountAt(simulator, 'octeth')], polling }));
  const known = '{ campaigns { totalCount } }';
  await until(async () => (await app.request(known)).data.campaigns.totalCount === 1);
  return {
    app,
    octeth,
    update: (input: object) =>
      app.request(
        `mutation ($input: UpdateCampaignInput!) {
          updateCampaign(input: $input) { campaign { id } errors { code message path providerCode } }
        }`,
        { input: { id, ...input } },
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const timeZone = 'Europe/Berlin';
const time = { date: '2031-12-24', time: '08:30', timeZone };
const recurrence = { daysOfWeek: [1], months: [1], hours: [8], minutes: [0], maxInstances: 3, timeZone };
const rule = { fieldId: 'EmailAddress', operator: 'contains', value: '.net' };
const rules = { lists: [{ listId: 1, operator: 'AND', rules: [rule] }] };

describe('exactly one of', () => {
  const both: readonly (readonly [what: string, settings: object])[] = [
    ['lists and rules', { audience: { lists: { include: ['1'] }, rules } }],
    ['neither lists nor rules', { audience: {} }],
    ['lists that are null', { audience: { lists: null } }],
    ['lists, and rules that are null', { audience: { lists: { include: ['1'] }, rules: null } }],
    ['two schedules', { schedule: { at: time, recurring: recurrence } }],
    ['now and later', { schedule: { immediate: true, at: time } }],
    ['not at all and now', { schedule: { notScheduled: true, immediate: true } }],
    ['no schedule', { schedule: {} }],
  ];

  test.each(both)('%s is no valid request', async (_what, settings) => {
    await using service = await startOcteth();
    const before = service.octeth.requests.length;
    const { data, errors } = await service.update({ settings });
    expect(data?.updateCampaign).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }]);
    expect(errors?.[0]?.message).toMatch(/exactly one|must be non-null/i);
    expect(service.octeth.requests.length).toBe(before);
  });

  test.each([
    ['audience: { lists: { include: ["1"] }, rules: { lists: [] } }', /AudienceInput/],
    ['schedule: { immediate: true, notScheduled: true }', /ScheduleInput/],
    ['schedule: { at: null }', /ScheduleInput/],
  ])('written in the document: %s', async (settings, words) => {
    await using service = await startOcteth();
    const { app, octeth } = service;
    const before = octeth.requests.length;
    const { data, errors } = await app.request(
      `mutation { updateCampaign(input: { id: "${id}", settings: { ${settings} } }) { errors { code } } }`,
    );
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([
      { message: expect.stringMatching(words), extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
    expect(octeth.requests.length).toBe(before);
  });

  test('one of each is fine', async () => {
    await using service = await startOcteth();
    for (const settings of [
      { audience: { lists: { include: ['1'] } } },
      { audience: { rules } },
      { schedule: { recurring: recurrence } },
      { schedule: { at: time } },
      { schedule: { immediate: true } },
      { schedule: { notScheduled: true } },
    ]) {
      const { data, errors } = await service.update({ settings });
      expect(errors).toBeUndefined();
      expect(data.updateCampaign).toEqual({ campaign: { id }, errors: [] });
    }
  });
});

const at = ['settings', 'schedule', 'at'];
const recurring = ['settings', 'schedule', 'recurring'];

type Fault = readonly [path: readonly string[], providerCode: string | null];
type Faults = readonly [input: object, ...found: Fault[]];

/** Each fault with the provider's own code, where it would have found it, too. */
const faults: readonly Faults[] = [
  [{ name: ' ' }, [['name'], null]],
  [{ settings: { emailId: 'one two' } }, [['settings', 'emailId'], null]],
  [
    { settings: { googleAnalyticsDomains: ['a.example', 'b c'] } },
    [['settings', 'googleAnalyticsDomains'], null],
  ],
  [{ settings: { schedule: { immediate: false } } }, [['settings', 'schedule', 'immediate'], null]],
  [{ settings: { schedule: { at: { ...time, date: '2031-02-29' } } } }, [[...at, 'date'], null]],
  [{ settings: { schedule: { at: { ...time, time: '24:00' } } } }, [[...at, 'time'], null]],
  [{ settings: { schedule: { at: { ...time, timeZone: 'Mars/Olympus' } } } }, [[...at, 'timeZone'], null]],
  [
    { settings: { schedule: { at: { date: '', time: '', timeZone: '' } } } },
    [[...at, 'date'], '6'],
    [[...at, 'time'], '7'],
    [[...at, 'timeZone'], '13'],
  ],
  [
    {
      settings: {
        schedule: {
          recurring: { months: [], hours: [], minutes: [], maxInstances: 0, timeZone: '' },
        },
      },
    },
    [[...recurring, 'daysOfWeek'], '8'],
    [[...recurring, 'months'], '9'],
    [[...recurring, 'hours'], '10'],
    [[...recurring, 'minutes'], '11'],
    [[...recurring, 'maxInstances'], '12'],
    [[...recurring, 'timeZone'], '13'],
  ],
  [
    {
      settings: {
        schedule: { recurring: { ...recurrence, daysOfWeek: [8], months: [0], hours: [24], minutes: [60] } },
      },
    },
    [[...recurring, 'daysOfWeek'], null],
    [[...recurring, 'months'], null],
    [[...recurring, 'hours'], null],
    [[...recurring, 'minutes'], null],
  ],
  [
    { settings: { audience: { lists: { include: [] } } } },
    [['settings', 'audience', 'lists', 'include'], null],
  ],
  [
    { settings: { audience: { lists: { include: ['1'], exclude: ['1,2'] } } } },
    [['settings', 'audience', 'lists', 'exclude'], null],
  ],
  [{ settings: { audience: { rules: { lists: [] } } } }, [['settings', 'audience', 'rules', 'lists'], null]],
  [
    { settings: { audience: { rules: { lists: [{ listId: 1, operator: 'OR', rules: [] }] } } } },
    [['settings', 'audience', 'rules', 'lists', '0', 'rules'], null],
  ],
  [
    { name: '', settings: { emailId: '', schedule: { at: { ...time, date: 'soon' } } } },
    [['name'], null],
    [['settings', 'emailId'], null],
    [[...at, 'date'], null],
  ],
];

describe('what can be checked here', () => {
  const cases = faults.map(([input, ...expected]) => ({ what: JSON.stringify(input), input, expected }));

  test.each(cases)('$what costs no request', async ({ input, expected }) => {
    await using service = await startOcteth();
    const { app, octeth, update } = service;
    const before = octeth.requests.length;
    const { data, errors } = await update(input);
    expect(errors).toBeUndefined();
    const { campaign, errors: told } = data.updateCampaign;
    expect(campaign).toEqual({ id });
    const wanted = expected.map(([path, providerCode]) => ({ code: 'BAD_INPUT', path, providerCode }));
    expect(told).toHaveLength(wanted.length);
    expect(told).toEqual(expect.arrayContaining(wanted.map((one) => expect.objectContaining(one))));
    for (const { message } of told) expect(message).toMatch(/\w{3}.*\.$/);

    const creation = await app.request(
      'mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { campaign { id } errors { code path } } }',
      { input: { account: 'octeth-main', name: 'Sale', ...input } },
    );
    const ofCreation = wanted.map(({ code, path }) => ({ code, path }));
    expect(creation.data.createCampaign.campaign).toBeNull();
    expect(creation.data.createCampaign.errors).toHaveLength(wanted.length);
    expect(creation.data.createCampaign.errors).toEqual(expect.arrayContaining(ofCreation));
    expect(octeth.requests.length).toBe(before);
  });

  test('an update with nothing to change', async () => {
    await using service = await startOcteth();
    const before = service.octeth.requests.length;
    for (const input of [
      {},
      { name: null },
      { settings: {} },
      { settings: { schedule: null, audience: null } },
    ]) {
      const { data } = await service.update(input);
      expect(data.updateCampaign).toMatchObject({
        campaign: { id },
        errors: [{ code: 'BAD_INPUT', path: null }],
      });
    }
    expect(service.octeth.requests.length).toBe(before);
  });
});
