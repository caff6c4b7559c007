import { describe, expect, test } from 'vitest';
import { ProblemError } from '../src/model/problem.ts';
import { cantBeTold, codes, lost, openWorld, type Sample } from './support/actions.ts';

describe('copying', () => {
  test('makes a copy, and follows it', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    expect(await world.copy(id, false)).toEqual({ keys: ['north:new1'], problems: [] });
    expect(world.north.asked).toEqual(['copy 7', 'read new1']);
    expect(world.told()).toEqual(['MUTATION north:new1 DRAFT']);
  });

  test('in a dry run looks at the campaign, and makes nothing', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    expect(await world.copy(id, true)).toEqual({ keys: [], problems: [] });
    expect(world.north.asked).toEqual(['read 7']);
  });

  test('that the provider refuses is told as it is, and shows no campaign', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    const refusal = new ProblemError('NOT_FOUND', 'Invalid source.', { providerCode: '1', argument: ['id'] });
    world.north.fail('copy', refusal);
    expect(await world.copy(id, false)).toEqual({ keys: [], problems: [refusal] });
  });

  test('whose answer was lost is done where just one new draft bears the name', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    world.north.add('sent', { name: 'Campaign 7', status: 'COMPLETED' });
    world.north.loseAnswersOf('copy');
    expect(await world.copy(id, false)).toEqual({ keys: ['north:new1'], problems: [] });
    expect(world.north.asked).toEqual(['copy 7', 'newestNamed Campaign 7', 'read new1']);
  });

  test.each<readonly [what: string, prepare: (sample: Sample) => void]>([
    // A copy may bear another name, so that none is found says nothing.
    ['none is found', (sample) => sample.fail('copy', lost)],
    [
      'two are found',
      (sample) => {
        sample.add('other', { name: 'Campaign 7' });
        sample.loseAnswersOf('copy');
      },
    ],
    [
      'the search fails',
      (sample) => {
        sample.loseAnswersOf('copy');
        sample.fail('newestNamed', lost);
      },
    ],
  ])('whose answer was lost can not be told where %s', async (_what, prepare) => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    prepare(world.north);
    const { keys, problems } = await world.copy(id, false);
    expect(keys).toEqual([]);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
    expect(problems[0]?.message).toMatch(cantBeTold);
    expect(world.north.changed()).toEqual(['copy 7']);
  });

  test.each([
    ['Campaign 7', true],
    ['Campaign 7 (copy)', true],
    ['Copy of Campaign 7', true],
    ['COPY - Campaign 7', true],
    ['Campaign 77', false],
    ['Campaign 7, copyright notice', false],
  ])('whose answer was lost is taken for "%s": %s', async (name, isTaken) => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    world.north.add('fresh', { name });
    world.north.fail('copy', lost);
    const result = await world.copy(id, false);
    expect(result.keys).toEqual(isTaken ? ['north:fresh'] : []);
    expect(codes(result)).toEqual(isTaken ? [] : ['PROVIDER_UNAVAILABLE']);
  });

  test('of one without a name can not be told either: any name would hold it', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { name: null }));
    world.north.add('other');
    world.north.fail('copy', lost);
    expect((await world.copy(id, false)).problems[0]?.message).toMatch(cantBeTold);
  });

  test('and not being able to read it back tells its id, and has it polled soon', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    world.north.fail('read', lost);
    const { keys, problems } = await world.copy(id, false);
    expect(keys).toEqual([]);
    expect(problems[0]?.message).toContain('made, as campaign:north:new1,');
    expect(world.soon).toEqual(['north:new1']);
  });
});
