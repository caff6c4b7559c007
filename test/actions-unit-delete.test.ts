import { describe, expect, test } from 'vitest';
import { ProblemError } from '../src/model/problem.ts';
import { cantBeTold, codes, lost, ofNorth, openWorld, startedAt } from './support/actions.ts';
import { problemOf } from './support/contract.ts';
import { until } from './support/wait.ts';

describe('deleting', () => {
  /** Campaigns that are known here: those of the south have ids of their own. */
  async function knowAll(world: Awaited<ReturnType<typeof openWorld>>) {
    const refs = ['1', '2'].map((externalId) => world.north.add(externalId));
    refs.push(world.south.add('3'));
    for (const ref of refs) await world.know(ref);
    return refs;
  }

  test('sends the ids of several accounts to each in one request, and tells which are gone', async () => {
    await using world = await openWorld();
    const [one, two, three] = await knowAll(world);
    if (!one || !two || !three) throw new Error('There are three.');
    const result = await world.remove([one, three, two], false);
    expect(result).toEqual({ keys: ['north:1', 'south:3', 'north:2'], problems: [] });
    expect(world.north.changed()).toEqual(['delete 1 2']);
    expect(world.south.changed()).toEqual(['delete 3']);
    expect(world.told().toSorted()).toEqual([
      'MUTATION north:1 gone',
      'MUTATION north:2 gone',
      'MUTATION south:3 gone',
    ]);
  });

  test('tells what is wrong with each by its place, and deletes the others', async () => {
    await using world = await openWorld({ actions: { DELETE: ['DRAFT'] } });
    const [one, two] = await knowAll(world);
    if (!one || !two) throw new Error('There are some.');
    const sending = await world.know(world.north.add('4', { status: 'SENDING' }));
    const nobody = ofNorth('99');
    const nowhere = { account: 'west', externalId: '1' };
    const { keys, problems } = await world.remove([sending, one, nobody, nowhere, two], false);
    expect(keys).toEqual(['north:1', 'north:2']);
    expect(problems).toMatchObject([
      { code: 'INVALID_STATE', argument: ['ids', '0'] },
      { code: 'NOT_FOUND', argument: ['ids', '2'] },
      { code: 'NOT_FOUND', argument: ['ids', '3'] },
    ]);
    expect(problems[0]?.message).toMatch(/^campaign:north:4: A campaign that is SENDING/);
    expect(world.north.changed()).toEqual(['delete 1 2']);
  });

  test('asks nobody to delete where none can be', async () => {
    await using world = await openWorld({ actions: {} });
    const refs = await knowAll(world);
    const result = await world.remove(refs, false);
    expect([result.keys, codes(result)]).toEqual([[], refs.map(() => 'NOT_SUPPORTED')]);
    expect([...world.north.asked, ...world.south.asked]).toEqual([]);
  });

  test('takes an id that is named twice once, and tells what is wrong at each of its places', async () => {
    await using world = await openWorld();
    const [one, two] = await knowAll(world);
    if (!one || !two) throw new Error('There are some.');
    expect(await world.remove([one, one], false)).toEqual({ keys: ['north:1'], problems: [] });
    expect(world.north.changed()).toEqual(['delete 1']);
    const { problems } = await world.remove([one, two, one], false);
    expect(problems.map(({ code, argument }) => [code, argument])).toEqual([
      ['NOT_FOUND', ['ids', '0']],
      ['NOT_FOUND', ['ids', '2']],
    ]);
  });

  test.each([0, 101])('of %i at once is BAD_INPUT', async (count) => {
    await using world = await openWorld();
    const refs = Array.from({ length: count }, (_, place) => ofNorth(String(place)));
    for (const dryRun of [false, true]) {
      const problem = await problemOf(world.remove(refs, dryRun));
      expect(problem).toMatchObject({ code: 'BAD_INPUT', argument: ['ids'] });
    }
    expect(world.north.asked).toEqual([]);
  });

  test('of 100 at once works', async () => {
    await using world = await openWorld();
    const refs = Array.from({ length: 100 }, (_, place) => world.north.add(String(place)));
    for (const ref of refs) await world.know(ref);
    const { keys, problems } = await world.remove(refs, false);
    expect([keys.length, problems]).toEqual([100, []]);
    expect(world.north.changed()).toHaveLength(1);
  });

  test('where some are still there tells which', async () => {
    await using world = await openWorld({
      offers: (all) => ({ ...all, delete: ([first = '']) => all.delete([first]) }),
    });
    const refs = await knowAll(world);
    const { keys, problems } = await world.remove(refs, false);
    expect(keys).toEqual(['north:1', 'south:3']);
    expect(problems).toMatchObject([{ code: 'PROVIDER_REJECTED', argument: ['ids', '1'] }]);
    expect(problems[0]?.message).toMatch(/^campaign:north:2: Sample accepted the deletion, and still has/);
  });

  test('whose answer was lost: some are gone, and some are not', async () => {
    await using world = await openWorld({
      offers: (all) => ({ ...all, delete: ([first = '']) => all.delete([first]) }),
    });
    const refs = await knowAll(world);
    const garbage = new ProblemError('PROVIDER_BAD_RESPONSE', 'Garbage.', { providerCode: '8' });
    world.north.fail('delete', garbage, { isDone: true });
    const { keys, problems } = await world.remove(refs, false);
    expect(keys).toEqual(['north:1', 'south:3']);
    const code = 'PROVIDER_BAD_RESPONSE';
    expect(problems).toMatchObject([{ code, providerCode: '8', argument: ['ids', '1'] }]);
    expect(problems[0]?.message).toMatch(/^campaign:north:2: Garbage\. .*it was not deleted so far/);
    expect(world.north.changed()).toEqual(['delete 1']);
  });

  test('whose answer was lost, where one can not be read back: that one can not be told', async () => {
    await using world = await openWorld();
    const refs = await knowAll(world);
    world.north.loseAnswersOf('delete');
    world.north.fail('read', lost, { about: '2' });
    const { keys, problems } = await world.remove(refs, false);
    expect(keys).toEqual(['north:1', 'south:3']);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE', argument: ['ids', '1'] }]);
    expect(problems[0]?.message).toMatch(cantBeTold);
    expect(world.soon).toEqual(['north:2']);
  });

  test('that was accepted, where one can not be read back, says so, and has it polled soon', async () => {
    await using world = await openWorld();
    const refs = await knowAll(world);
    world.north.fail('read', lost, { about: '2' });
    const { keys, problems } = await world.remove(refs, false);
    expect(keys).toEqual(['north:1', 'south:3']);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE', argument: ['ids', '1'] }]);
    expect(problems[0]?.message).toContain(
      "Sample accepted that the campaign is deleted, but can't be asked how it is now.",
    );
    expect(world.soon).toEqual(['north:2']);
  });

  test('that one account refuses leaves that of the other alone', async () => {
    await using world = await openWorld();
    const refs = await knowAll(world);
    world.north.fail('delete', new ProblemError('PROVIDER_FORBIDDEN', 'Not with this key.'));
    const { keys, problems } = await world.remove(refs, false);
    expect(keys).toEqual(['south:3']);
    expect(problems).toMatchObject([
      { code: 'PROVIDER_FORBIDDEN', argument: ['ids', '0'] },
      { code: 'PROVIDER_FORBIDDEN', argument: ['ids', '1'] },
    ]);
    // Perhaps it refused only one of them.
    expect(world.north.asked).toEqual(['delete 1 2', 'read 1', 'read 2']);
  });

  test('that is refused tells as gone what is gone all the same', async () => {
    await using world = await openWorld({
      offers: (all) => ({ ...all, delete: ([first = '']) => all.delete([first]) }),
    });
    const refs = await knowAll(world);
    const refusal = new ProblemError('PROVIDER_REJECTED', 'Not all of them.');
    world.north.fail('delete', refusal, { isDone: true });
    const { keys, problems } = await world.remove(refs, false);
    expect(keys).toEqual(['north:1', 'south:3']);
    expect(problems).toMatchObject([{ code: 'PROVIDER_REJECTED', argument: ['ids', '1'] }]);
  });

  test.each(['PROVIDER_RATE_LIMITED', 'PROVIDER_UNAUTHENTICATED'] as const)(
    'at a provider that is shut (%s) asks it to read none',
    async (code) => {
      await using world = await openWorld();
      const [one] = await knowAll(world);
      if (!one) throw new Error('There are some.');
      world.north.fail('delete', new ProblemError(code, 'Not now.'));
      expect(codes(await world.remove([one], false))).toEqual([code]);
      expect(world.north.asked).toEqual(['delete 1']);
    },
  );

  test('a poll that finds one gone before it is read back does not tell of it', async () => {
    await using world = await openWorld();
    const [one] = await knowAll(world);
    if (!one) throw new Error('There are some.');
    const letRead = world.north.hold('read');
    const removing = world.remove([one], false);
    await until(() => world.north.asked.includes('read 1'));
    const poll = world.observer.observe([
      { ...one, channel: 'EMAIL', reading: null, askedAt: startedAt, cause: 'POLL' },
    ]);
    letRead();
    await removing;
    await poll;
    expect(world.told()).toEqual(['MUTATION north:1 gone']);
  });

  test('in a dry run looks at each, and deletes none', async () => {
    await using world = await openWorld();
    const refs = await knowAll(world);
    world.north.campaigns.delete('2');
    const { keys, problems } = await world.remove(refs, true);
    expect(keys).toEqual([]);
    expect(problems).toMatchObject([{ code: 'NOT_FOUND', argument: ['ids', '1'] }]);
    expect([...world.north.changed(), ...world.south.changed()]).toEqual([]);
    expect(world.north.campaigns.size + world.south.campaigns.size).toBe(2);
  });
});
