import { describe, expect, test } from 'vitest';
import type { PlainAction } from '../src/actions/actions.ts';
import type { Result } from '../src/actions/parts.ts';
import { type ActionName, actionNames } from '../src/model/action.ts';
import { ProblemError } from '../src/model/problem.ts';
import { cantBeTold, codes, lost, ofNorth, openWorld, startedAt } from './support/actions.ts';
import { problemOf } from './support/contract.ts';
import { until } from './support/wait.ts';

describe('approving, pausing, resuming and canceling', () => {
  const plain = [
    ['APPROVE', 'approve', 'DRAFT', 'SCHEDULED'],
    ['PAUSE', 'pause', 'SENDING', 'PAUSED'],
    ['RESUME', 'resume', 'PAUSED', 'SENDING'],
    ['CANCEL', 'cancel', 'SENDING', 'CANCELED'],
  ] as const satisfies readonly (readonly [PlainAction, ...unknown[]])[];

  test.each(plain)('%s asks once, and reads back what it led to', async (action, request, status, after) => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status }));
    expect(await world.act(action, id, false)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual([`${request} 7`, 'read 7']);
    expect(world.told()).toEqual([`MUTATION north:7 ${after}`]);
    expect(world.soon).toEqual([]);
  });

  test.each(plain)(
    '%s whose answer was lost is done where it shows',
    async (action, request, status, after) => {
      await using world = await openWorld();
      const id = await world.know(world.north.add('7', { status }));
      world.north.loseAnswersOf(request);
      expect(await world.act(action, id, false)).toEqual({ keys: ['north:7'], problems: [] });
      expect(world.north.asked).toEqual([`${request} 7`, 'read 7']);
      expect(world.told()).toEqual([`MUTATION north:7 ${after}`]);
    },
  );

  test.each(['PROVIDER_UNAVAILABLE', 'PROVIDER_BAD_RESPONSE'] as const)(
    'where %s leaves doubt, and all is as before, it is told as not done, and not sent again',
    async (code) => {
      await using world = await openWorld();
      const id = await world.know(world.north.add('7', { status: 'SENDING' }));
      world.north.fail('pause', new ProblemError(code, 'No answer.', { providerCode: '9' }));
      const { keys, problems } = await world.act('PAUSE', id, false);
      expect(keys).toEqual(['north:7']);
      expect(problems).toMatchObject([{ code, providerCode: '9' }]);
      expect(problems[0]?.message).toMatch(/^No answer\. .*it was not paused so far/);
      expect(world.north.changed()).toEqual(['pause 7']);
      expect(world.told()).toEqual([]);
    },
  );

  test('where it has become something else meanwhile, nobody can tell', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    world.north.fail('pause', new ProblemError('PROVIDER_BAD_RESPONSE', 'No answer.'));
    world.north.set('7', { status: 'COMPLETED', providerStatus: 'sent' });
    const { problems } = await world.act('PAUSE', id, false);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
    expect(problems[0]?.message).toMatch(cantBeTold);
    expect(world.told()).toEqual(['MUTATION north:7 COMPLETED']);
  });

  test('where it is gone meanwhile, nobody can tell', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    world.north.fail('pause', lost);
    world.north.campaigns.delete('7');
    const { problems } = await world.act('PAUSE', id, false);
    expect(problems[0]?.message).toMatch(cantBeTold);
    expect(world.told()).toEqual(['MUTATION north:7 gone']);
  });

  test('where the answer was lost and it can not be read back, nobody can tell, and it is polled soon', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    world.north.loseAnswersOf('pause');
    world.north.fail('read', lost);
    const { keys, problems } = await world.act('PAUSE', id, false);
    expect(keys).toEqual(['north:7']);
    expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
    expect(problems[0]?.message).toMatch(cantBeTold);
    expect(world.soon).toEqual(['north:7']);
    expect(world.north.changed()).toEqual(['pause 7']);
  });

  test.each([
    ['APPROVE', 'DRAFT', 'approved'],
    ['PAUSE', 'SENDING', 'paused'],
    ['RESUME', 'PAUSED', 'resumed'],
    ['CANCEL', 'SENDING', 'canceled'],
  ] as const)(
    '%s that was accepted and can not be read back says so, and has it polled soon',
    async (action, status, what) => {
      await using world = await openWorld();
      const id = await world.know(world.north.add('7', { status }));
      world.north.fail('read', lost);
      const { keys, problems } = await world.act(action, id, false);
      expect(keys).toEqual(['north:7']);
      expect(problems).toMatchObject([{ code: 'PROVIDER_UNAVAILABLE' }]);
      expect(problems[0]?.message).toContain(
        `Sample accepted that the campaign is ${what}, but can't be asked how it is now.`,
      );
      expect(world.soon).toEqual(['north:7']);
      expect(world.north.changed()).toHaveLength(1);
      expect(world.told()).toEqual([]);
    },
  );

  test.each(['PROVIDER_REJECTED', 'PROVIDER_FORBIDDEN', 'INVALID_STATE', 'NOT_FOUND', 'BAD_INPUT'] as const)(
    'a refusal (%s) is told as it is, and what the provider has is read',
    async (code) => {
      await using world = await openWorld();
      const id = await world.know(world.north.add('7', { status: 'SENDING' }));
      const refusal = new ProblemError(code, 'It is not being sent.', { providerCode: '3' });
      world.north.fail('pause', refusal);
      world.north.set('7', { status: 'COMPLETED' });
      const { problems } = await world.act('PAUSE', id, false);
      expect(problems).toEqual([refusal]);
      expect(world.told()).toEqual(['MUTATION north:7 COMPLETED']);
    },
  );

  test.each(['PROVIDER_RATE_LIMITED', 'PROVIDER_UNAUTHENTICATED'] as const)(
    'a provider that is shut (%s) is not asked to read either',
    async (code) => {
      await using world = await openWorld();
      const id = await world.know(world.north.add('7', { status: 'SENDING' }));
      const shut = new ProblemError(code, 'Not now.', { retryAfterMs: 5_000 });
      world.north.fail('pause', shut);
      expect(await world.act('PAUSE', id, false)).toEqual({ keys: ['north:7'], problems: [shut] });
      expect(world.north.asked).toEqual(['pause 7']);
    },
  );

  test('a campaign that is not known yet is read first', async () => {
    await using world = await openWorld();
    const id = world.north.add('7', { status: 'SENDING' });
    expect(await world.act('PAUSE', id, false)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual(['read 7', 'pause 7', 'read 7']);
    expect(world.told()).toEqual(['QUERY north:7 SENDING', 'MUTATION north:7 PAUSED']);
  });

  test('a campaign that is not followed is read first: what is known of it may be long past', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'DRAFT' }));
    await world.unfollow(id);
    world.north.set('7', { status: 'SENDING' });
    expect(await world.act('PAUSE', id, false)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual(['read 7', 'pause 7', 'read 7']);
    expect((await problemOf(world.act('PAUSE', id, false))).code).toBe('INVALID_STATE');
    world.north.fail('read', lost);
    expect(await problemOf(world.act('CANCEL', id, false))).toBe(lost);
    expect(world.north.changed()).toEqual(['pause 7']);
  });

  test('what can be refused without the provider is, and nothing is asked', async () => {
    await using world = await openWorld({ actions: { PAUSE: ['SENDING'] } });
    const id = await world.know(world.north.add('7', { status: 'DRAFT' }));
    const gone = await world.know(world.north.add('8', { status: 'SENDING' }));
    world.north.campaigns.delete('8');
    // So that it is known to be gone.
    await world.act('PAUSE', gone, true);
    world.north.asked.length = 0;
    const refusals = await Promise.all([
      problemOf(world.act('PAUSE', id, false)),
      problemOf(world.act('RESUME', id, false)),
      problemOf(world.act('PAUSE', gone, false)),
      problemOf(world.act('PAUSE', { account: 'west', externalId: '7' }, false)),
    ]);
    expect(refusals.map(({ code }) => code)).toEqual([
      'INVALID_STATE',
      'NOT_SUPPORTED',
      'NOT_FOUND',
      'NOT_FOUND',
    ]);
    for (const { argument } of refusals) expect(argument).toEqual(['id']);
    expect(world.north.asked).toEqual([]);
  });

  test('of a campaign that nobody knows the provider is asked, and no more', async () => {
    await using world = await openWorld();
    expect(await problemOf(world.act('PAUSE', ofNorth('99'), false))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no campaign campaign:north:99.',
      argument: ['id'],
    });
    expect(world.north.asked).toEqual(['read 99']);
    world.north.fail('read', lost);
    expect(await problemOf(world.act('PAUSE', ofNorth('98'), false))).toBe(lost);
    expect(world.north.changed()).toEqual([]);
  });

  test('a dry run looks at the campaign, and changes nothing', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    expect(await world.act('PAUSE', id, true)).toEqual({ keys: ['north:7'], problems: [] });
    expect(world.north.asked).toEqual(['read 7']);
    world.north.set('7', { status: 'COMPLETED' });
    const late = await world.act('PAUSE', id, true);
    expect([late.keys, codes(late)]).toEqual([['north:7'], ['INVALID_STATE']]);
    expect(world.told()).toEqual(['QUERY north:7 COMPLETED']);
    expect((await problemOf(world.act('PAUSE', id, true))).code).toBe('INVALID_STATE');
    expect(world.north.changed()).toEqual([]);
  });

  test('a dry run tells that the provider can not be reached, or no longer has the campaign', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    world.north.fail('read', lost, { about: '7' });
    expect(await world.act('PAUSE', id, true)).toEqual({ keys: ['north:7'], problems: [lost] });
    const other = await world.know(world.north.add('8', { status: 'SENDING' }));
    world.north.campaigns.delete('8');
    expect(codes(await world.act('PAUSE', other, true))).toEqual(['NOT_FOUND']);
  });

  test('a poll that is quicker than the read-back does not tell the change', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    const letRead = world.north.hold('read');
    const acting = world.act('PAUSE', id, false);
    await until(() => world.north.asked.includes('read 7'));
    const reading = world.north.campaigns.get('7') ?? null;
    expect(reading).toMatchObject({ status: 'PAUSED' });
    const polled = { ...id, channel: 'EMAIL', reading, askedAt: startedAt, cause: 'POLL' } as const;
    const poll = world.observer.observe([polled]);
    letRead();
    await acting;
    await poll;
    expect(world.told()).toEqual(['MUTATION north:7 PAUSED']);
  });

  test('a fault of our own is no problem of the provider, and holds up nothing that comes later', async () => {
    await using world = await openWorld();
    const id = await world.know(world.north.add('7', { status: 'SENDING' }));
    world.north.fail('pause', new TypeError('Our own fault.'));
    await expect(world.act('PAUSE', id, false)).rejects.toThrow('Our own fault.');
    expect(await world.act('CANCEL', id, false)).toEqual({ keys: ['north:7'], problems: [] });
  });
});

test('what can be done with a campaign is what the provider says, and nothing is asked for the rest', async () => {
  await using world = await openWorld({ actions: {} });
  const id = await world.know(world.north.add('7'));
  const tries: Partial<Record<ActionName, () => Promise<Result>>> = {
    UPDATE: () => world.update(id, { name: 'New' }, false),
    COPY: () => world.copy(id, false),
    APPROVE: () => world.act('APPROVE', id, false),
    PAUSE: () => world.act('PAUSE', id, false),
    RESUME: () => world.act('RESUME', id, false),
    CANCEL: () => world.act('CANCEL', id, false),
  };
  for (const action of actionNames) {
    const attempt = tries[action];
    if (attempt) expect([action, (await problemOf(attempt())).code]).toEqual([action, 'NOT_SUPPORTED']);
  }
  expect(world.north.asked).toEqual([]);
});
