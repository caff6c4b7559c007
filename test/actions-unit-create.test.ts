import { describe, expect, test } from 'vitest';
import type { CampaignReading } from '../src/model/campaign.ts';
import { ProblemError } from '../src/model/problem.ts';
import { cantBeTold, codes, lost, minute, ofNorth, openWorld, startedAt } from './support/actions.ts';
import { problemOf } from './support/contract.ts';
import { until } from './support/wait.ts';

describe('creating', () => {
  const sale = { account: 'north', name: 'Sale' };
  const eve = { schedule: { at: { date: '2026-12-24', time: '08:30', timeZone: 'UTC' } } };
  const withEve = { ...sale, settings: eve };

  test('makes a draft, and follows it', async () => {
    await using world = await openWorld();
    expect(await world.create(sale, false)).toEqual({ keys: ['north:new1'], problems: [] });
    expect(world.north.asked).toEqual(['create Sale', 'read new1']);
    expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
    expect(await world.store.get('north:new1')).toMatchObject({ name: 'Sale', followed: true });
  });

  test('gives it its settings, and is one change', async () => {
    await using world = await openWorld();
    expect(await world.create(withEve, false)).toEqual({ keys: ['north:new1'], problems: [] });
    expect(world.north.asked).toEqual(['create Sale', 'update new1', 'read new1']);
    expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
  });

  test('tells of all that is wrong at once, and asks nobody', async () => {
    const own = new ProblemError('BAD_INPUT', 'No.', { argument: ['settings', 'sendToSend'] });
    await using world = await openWorld({ offers: (all) => ({ ...all, check: () => [own] }) });
    const wrong = { ...sale, name: ' ', settings: { emailId: '1 2' } };
    for (const dryRun of [false, true]) {
      const { keys, problems } = await world.create(wrong, dryRun);
      expect(keys).toEqual([]);
      expect(problems.map(({ argument }) => argument?.join('.'))).toEqual([
        'name',
        'settings.emailId',
        'settings.sendToSend',
      ]);
    }
    expect(world.north.asked).toEqual([]);
  });

  test('in a dry run asks nobody', async () => {
    await using world = await openWorld();
    expect(await world.create(withEve, true)).toEqual({ keys: [], problems: [] });
    expect(world.north.asked).toEqual([]);
  });

  test('is refused without such an account, and where the provider does not offer it', async () => {
    await using world = await openWorld({ offers: ({ create: _left, ...others }) => others });
    for (const dryRun of [false, true]) {
      const nowhere = await problemOf(world.create({ ...sale, account: 'west' }, dryRun));
      expect(nowhere).toMatchObject({ code: 'NOT_FOUND', argument: ['account'] });
      const refused = await problemOf(world.create(sale, dryRun));
      expect(refused).toMatchObject({ code: 'NOT_SUPPORTED', argument: ['account'] });
    }
  });

  test('that the provider refuses is told as it is', async () => {
    await using world = await openWorld();
    const refusal = new ProblemError('PROVIDER_REJECTED', 'No more campaigns.', { providerCode: '5' });
    world.north.fail('create', refusal);
    expect(await world.create(sale, false)).toEqual({ keys: [], problems: [refusal] });
    expect(world.north.asked).toEqual(['create Sale']);
  });

  describe('whose answer was lost', () => {
    test('is done where it is found by its name, and is not asked for again', async () => {
      await using world = await openWorld();
      world.north.loseAnswersOf('create');
      expect(await world.create(sale, false)).toEqual({ keys: ['north:new1'], problems: [] });
      expect(world.north.asked).toEqual(['create Sale', 'newestNamed Sale', 'read new1']);
      expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
    });

    test('is not given its settings where it was only found: it could be somebody else’s', async () => {
      await using world = await openWorld();
      world.north.loseAnswersOf('create');
      const { keys, problems } = await world.create(withEve, false);
      expect(keys).toEqual(['north:new1']);
      expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE', argument: ['settings'] }]);
      expect(problems[0]?.message).toContain('was not given its settings');
      expect(world.north.changed()).toEqual(['create Sale']);
    });

    test('tells both where it was only found, and can not be read', async () => {
      await using world = await openWorld();
      world.north.loseAnswersOf('create');
      world.north.fail('read', lost);
      const { keys, problems } = await world.create(withEve, false);
      expect(keys).toEqual([]);
      expect(problems.map(({ argument }) => argument)).toEqual([null, ['settings']]);
      expect(world.soon).toEqual(['north:new1']);
    });

    test('was not made where none of its name is there', async () => {
      await using world = await openWorld();
      world.north.fail(
        'create',
        new ProblemError('PROVIDER_BAD_RESPONSE', 'Garbage.', { providerCode: '1' }),
      );
      const { keys, problems } = await world.create(sale, false);
      expect(keys).toEqual([]);
      expect(problems).toMatchObject([{ code: 'PROVIDER_BAD_RESPONSE', providerCode: '1' }]);
      expect(problems[0]?.message).toMatch(/^Garbage\. .*not made so far/);
      expect(world.north.changed()).toEqual(['create Sale']);
    });

    test.each<readonly [what: string, isKnown: boolean, over: Partial<CampaignReading>]>([
      ['was known before', true, { name: 'Sale' }],
      ['only holds its name', false, { name: 'Sale of the year' }],
      ['is no draft', false, { name: 'Sale', status: 'SENDING' }],
      ['is older', false, { name: 'Sale', createdAt: startedAt - 15 * minute - 1 }],
      ['is from later', false, { name: 'Sale', createdAt: startedAt + 15 * minute + 1 }],
    ])('was not made where the one that is there %s', async (_what, isKnown, over) => {
      await using world = await openWorld();
      const other = world.north.add('other', over);
      if (isKnown) await world.know(other);
      world.north.fail('create', lost);
      const { keys, problems } = await world.create(sale, false);
      expect(keys).toEqual([]);
      expect(problems[0]?.message).toMatch(/not made so far/);
    });

    test.each([-15, 15])('is found though the clocks differ by %i minutes', async (minutes) => {
      await using world = await openWorld();
      world.north.add('other', { name: 'Sale', createdAt: startedAt + minutes * minute });
      world.north.fail('create', lost);
      expect(await world.create(sale, false)).toEqual({ keys: ['north:other'], problems: [] });
    });

    test('can not be told where the age of the one that is there is not told', async () => {
      await using world = await openWorld();
      world.north.add('ageless', { name: 'Sale', createdAt: null });
      world.north.fail('create', lost);
      const { keys, problems } = await world.create(sale, false);
      expect([keys, problems[0]?.code]).toEqual([[], 'PROVIDER_UNAVAILABLE']);
      expect(problems[0]?.message).toMatch(cantBeTold);
    });

    test.each([
      ['the earlier', ['Sale', 'Other']],
      ['the later', ['Other', 'Sale']],
    ])('can not be told of %s where two are made at once in the account', async (_which, names) => {
      await using world = await openWorld();
      world.north.fail('create', lost, { isDone: true, about: 'Sale' });
      const letGo = world.north.hold('create');
      const making = names.map((name) => world.create({ ...sale, name }, false));
      await until(() => world.north.asked.length === 2);
      letGo();
      const results = await Promise.all(making);
      const { keys, problems } = results[names.indexOf('Sale')] ?? { keys: null, problems: [] };
      expect([keys, problems[0]?.code]).toEqual([[], 'PROVIDER_UNAVAILABLE']);
      expect(problems[0]?.message).toMatch(cantBeTold);
    });

    test('is found though another account makes one too', async () => {
      await using world = await openWorld();
      world.north.loseAnswersOf('create');
      const letGo = world.south.hold('create');
      const other = world.create({ ...sale, account: 'south' }, false);
      await until(() => world.south.asked.length === 1);
      expect(await world.create(sale, false)).toEqual({ keys: ['north:new1'], problems: [] });
      letGo();
      expect(await other).toEqual({ keys: ['south:new1'], problems: [] });
    });

    test('can not be told where there are two', async () => {
      await using world = await openWorld();
      world.north.add('other', { name: 'Sale' });
      world.north.loseAnswersOf('create');
      const { keys, problems } = await world.create(sale, false);
      expect(keys).toEqual([]);
      expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
      expect(problems[0]?.message).toMatch(cantBeTold);
      expect(world.told()).toEqual([]);
    });

    test('can not be told where the search fails', async () => {
      await using world = await openWorld();
      world.north.fail('create', new ProblemError('PROVIDER_BAD_RESPONSE', 'Garbage.'), { isDone: true });
      world.north.fail('newestNamed', new ProblemError('PROVIDER_RATE_LIMITED', 'Too many.'));
      const { keys, problems } = await world.create(sale, false);
      expect(keys).toEqual([]);
      expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
      expect(problems[0]?.message).toMatch(/^Garbage\. Whether the campaign was made can't be told: look at/);
      expect(world.north.asked).toEqual(['create Sale', 'newestNamed Sale']);
    });

    test('can not be told where the provider has no search', async () => {
      await using world = await openWorld({ offers: ({ newestNamed: _left, ...others }) => others });
      world.north.loseAnswersOf('create');
      const { problems } = await world.create(sale, false);
      expect(problems[0]?.message).toMatch(cantBeTold);
      expect(world.north.asked).toEqual(['create Sale']);
    });
  });

  test('and not being able to read it back tells its id, and has it polled soon', async () => {
    await using world = await openWorld();
    world.north.fail('read', lost);
    const { keys, problems } = await world.create(sale, false);
    expect(keys).toEqual([]);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
    expect(problems[0]?.message).toContain('made, as campaign:north:new1,');
    expect(world.soon).toEqual(['north:new1']);
  });

  test('and not finding it at once is told likewise: some providers need a moment', async () => {
    await using world = await openWorld({
      offers: (all) => ({ ...all, create: async () => 'later' }),
    });
    const { problems } = await world.create(sale, false);
    expect(problems[0]?.message).toContain('made, as campaign:north:later,');
    expect(world.soon).toEqual(['north:later']);
  });

  test('with settings that are refused leaves a draft, and says so', async () => {
    await using world = await openWorld();
    const argument = ['settings', 'emailId'];
    world.north.fail(
      'update',
      new ProblemError('BAD_INPUT', 'No such email.', { providerCode: '4', argument }),
    );
    const { keys, problems } = await world.create(withEve, false);
    expect(keys).toEqual(['north:new1']);
    expect(problems).toMatchObject([{ code: 'BAD_INPUT', providerCode: '4', argument }]);
    expect(problems[0]?.message).toBe('The campaign was made, but not given its settings: No such email.');
    expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
  });

  test.each([
    ['done, which shows', eve, true, null],
    ['not done, which shows', eve, false, /not given its settings so far/],
    ['done, which does not show', { emailId: '12' }, true, cantBeTold],
  ])('with settings whose answer was lost: %s', async (_what, settings, isDone, message) => {
    await using world = await openWorld();
    world.north.fail('update', lost, { isDone });
    const { keys, problems } = await world.create({ ...sale, settings }, false);
    expect(keys).toEqual(['north:new1']);
    expect(problems).toHaveLength(message === null ? 0 : 1);
    if (message) expect(problems[0]?.message).toMatch(message);
    expect(world.north.changed()).toEqual(['create Sale', 'update new1']);
  });

  test('with settings that are refused, and no read-back, tells of both', async () => {
    await using world = await openWorld();
    world.north.fail('update', new ProblemError('BAD_INPUT', 'No such email.'));
    world.north.fail('read', lost);
    expect(codes(await world.create(withEve, false))).toEqual(['PROVIDER_UNAVAILABLE', 'BAD_INPUT']);
    expect(world.soon).toEqual(['north:new1']);
  });

  test('with settings, where the provider can make campaigns and not change them, is refused', async () => {
    await using world = await openWorld({ offers: ({ update: _left, ...others }) => others });
    const problem = await problemOf(world.create(withEve, false));
    expect(problem).toMatchObject({ code: 'NOT_SUPPORTED', argument: ['settings'] });
    expect(world.north.asked).toEqual([]);
  });

  test('with settings that say nothing does not send them', async () => {
    await using world = await openWorld();
    expect(await world.create({ ...sale, settings: {} }, false)).toEqual({
      keys: ['north:new1'],
      problems: [],
    });
    expect(world.north.changed()).toEqual(['create Sale']);
  });

  test('a list that names it before it is read back does not tell of it', async () => {
    await using world = await openWorld();
    const letRead = world.north.hold('read');
    const creating = world.create(sale, false);
    await until(() => world.north.asked.includes('read new1'));
    const reading = world.north.campaigns.get('new1') ?? null;
    expect(reading).not.toBeNull();
    const listed = { ...ofNorth('new1'), channel: 'EMAIL', reading, fromList: true } as const;
    const poll = world.observer.observe([{ ...listed, askedAt: startedAt, cause: 'POLL' }]);
    letRead();
    await creating;
    await poll;
    expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
  });
});
