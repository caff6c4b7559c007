import { describe, expect, test } from 'vitest';
import type { CampaignUpdate } from '../src/model/action.ts';
import { type ProblemCode, ProblemError } from '../src/model/problem.ts';
import { codes, lost, ofNorth, openWorld } from './support/actions.ts';
import { problemOf } from './support/contract.ts';

describe('updating', () => {
  const eve = { schedule: { at: { date: '2026-12-24', time: '08:30', timeZone: 'UTC' } } };

  test('asks once, and reads back what it led to', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    const update: CampaignUpdate = { name: 'New', status: 'READY', settings: eve };
    expect(await world.update(id, update, false)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual(['update 7', 'read 7']);
    expect(world.told()).toEqual(['MUTATION north:7 SCHEDULED']);
    expect(await world.store.get('north:7')).toMatchObject({
      name: 'New',
      scheduledAt: Date.UTC(2026, 11, 24, 8, 30),
    });
  });

  test('tells of all that is wrong at once, the provider’s own rules too, and asks nobody', async () => {
    const own = new ProblemError('BAD_INPUT', 'No send-to-send.', { argument: ['settings', 'sendToSend'] });
    await using world = await openWorld({ offers: (all) => ({ ...all, check: () => [own] }) });
    const id = await world.know(world.north.add('7'));
    for (const dryRun of [false, true]) {
      const { keys, problems } = await world.update(id, { name: '', settings: { emailId: '' } }, dryRun);
      expect(keys).toEqual([]);
      expect(problems.map(({ argument }) => argument?.join('.'))).toEqual([
        'name',
        'settings.emailId',
        'settings.sendToSend',
      ]);
    }
    expect(world.north.asked).toEqual([]);
  });

  test.each<readonly [what: string, update: CampaignUpdate, isDone: boolean, code: ProblemCode | null]>([
    ['a name, done', { name: 'New' }, true, null],
    ['a name, not done', { name: 'New' }, false, 'PROVIDER_BAD_RESPONSE'],
    ['a name that it had before', { name: 'Campaign 7' }, true, 'PROVIDER_UNAVAILABLE'],
    ['a schedule, done', { settings: eve }, true, null],
    ['a schedule, not done', { settings: eve }, false, 'PROVIDER_BAD_RESPONSE'],
    ['a status, done', { status: 'READY' }, true, null],
    ['a status, not done', { status: 'READY' }, false, 'PROVIDER_BAD_RESPONSE'],
    ['all of it, done', { name: 'New', status: 'READY', settings: eve }, true, null],
    ['what does not show', { settings: { emailId: '12' } }, true, 'PROVIDER_UNAVAILABLE'],
  ])('whose answer was lost: %s', async (_what, update, isDone, code) => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    world.north.fail('update', new ProblemError('PROVIDER_BAD_RESPONSE', 'Garbage.'), { isDone });
    const result = await world.update(id, update, false);
    expect([result.keys, codes(result)]).toEqual([['north:7'], code === null ? [] : [code]]);
    expect(world.north.asked).toEqual(['update 7', 'read 7']);
  });

  test('in a dry run looks at the campaign, and changes nothing', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    expect(await world.update(id, { name: 'New' }, true)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual(['read 7']);
  });

  test('that was accepted and can not be read back says so, and has it polled soon', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7'));
    world.north.fail('read', lost);
    const { keys, problems } = await world.update(id, { name: 'New' }, false);
    expect(keys).toEqual(['north:7']);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
    expect(problems[0]?.message).toContain('Sample accepted that the campaign is updated, but');
    expect(world.soon).toEqual(['north:7']);
  });

  test('has its input checked before the campaign is looked up', async () => {
    await using world = await openWorld();
    const result = await world.update(ofNorth('99'), { name: '' }, false);
    expect([result.keys, codes(result)]).toEqual([[], ['BAD_INPUT']]);
    expect(world.north.asked).toEqual([]);
    const problem = await problemOf(world.update(ofNorth('99'), { name: 'New' }, false));
    expect(problem).toMatchObject({ code: 'NOT_FOUND', argument: ['id'] });
    expect(world.north.asked).toEqual(['read 99']);
  });

  test('is refused where the status does not allow it, and told of its input rather where that is wrong', async () => {
    await using world = await openWorld({ actions: { UPDATE: ['DRAFT'] } });
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    expect((await problemOf(world.update(id, { name: 'New' }, false))).code).toBe('INVALID_STATE');
    expect(codes(await world.update(id, {}, false))).toEqual(['BAD_INPUT']);
    expect(world.north.asked).toEqual([]);
  });

  test('is refused for its account before its input is looked at', async () => {
    await using world = await openWorld({ actions: {} });
    expect((await problemOf(world.update(ofNorth('7'), {}, false))).code).toBe('NOT_SUPPORTED');
    const nowhere = { account: 'west', externalId: '7' };
    expect((await problemOf(world.update(nowhere, {}, false))).code).toBe('NOT_FOUND');
  });
});
