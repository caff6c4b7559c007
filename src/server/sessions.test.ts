import { expect, test } from 'vitest';
import { createAccess } from '../access/access.ts';
import type { Grant } from '../access/grant.ts';
import { createSessions } from './sessions.ts';

const grant: Grant = {
  name: 'dashboard',
  role: 'viewer',
  accounts: '*',
  expiresAt: null,
  id: 'token:dashboard',
  basis: 'some',
};

test('a stop closes all connections, and not all at once where there are many', async () => {
  const sessions = createSessions(Date.now);
  const closed: string[] = [];
  for (let count = 0; count < 500; count++) sessions.begin(grant, (why) => void closed.push(why));
  const left = sessions.leave();
  expect(closed.length, 'at first').toBeGreaterThan(0);
  expect(closed.length, 'at first').toBeLessThan(100);
  await left;
  expect(closed).toEqual(Array.from({ length: 500 }, () => 'going away'));
});

test('a few are closed at once, and those that have ended are left alone', async () => {
  const sessions = createSessions(Date.now);
  const closed: number[] = [];
  const ends = [1, 2, 3].map((one) => sessions.begin(grant, () => void closed.push(one)));
  ends[1]?.();
  await sessions.leave();
  expect(closed).toEqual([1, 3]);
});

test('another configuration closes those that it would not let in', () => {
  const sessions = createSessions(Date.now);
  const closed: string[] = [];
  sessions.begin({ ...grant, basis: 'open' }, (why) => void closed.push(`open ${why}`));
  sessions.begin(grant, (why) => void closed.push(`token ${why}`));
  sessions.recheck(createAccess(null, Date.now, () => {}));
  expect(closed).toEqual(['token forbidden']);
});

test('one whose end is too far away for a timer stays open', async () => {
  const sessions = createSessions(Date.now);
  const closed: string[] = [];
  const end = sessions.begin({ ...grant, expiresAt: Date.now() + 400 * 24 * 3_600_000 }, (why) => {
    closed.push(why);
  });
  await new Promise(setImmediate);
  end();
  expect(closed).toEqual([]);
});
