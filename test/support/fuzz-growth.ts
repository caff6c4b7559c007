import { expect } from 'vitest';
import type { Cases, FuzzApp } from './fuzz-app.ts';

/** What is made once, and kept on purpose, such as compiled code and parsed documents, may come to so much more. */
const mostGrowth = 12_000_000;

/**
 * Does so many cases, and checks that the second half of them leaves nothing behind, and that none of them led to an
 * error that nobody foresaw.
 */
export async function goWithoutGrowth(
  app: FuzzApp,
  { count, ...cases }: Omit<Cases, 'from' | 'to'> & { readonly count: number },
): Promise<void> {
  await app.go({ ...cases, from: 0, to: count / 2 });
  await app.untilQuiet();
  const before = await app.weigh();
  await app.go({ ...cases, from: count / 2, to: count });
  await app.untilQuiet();
  const after = await app.weigh();
  expect(after.unforeseen).toEqual([]);
  expect(after.bytes - before.bytes).toBeLessThan(mostGrowth);
  expect(after.handles - before.handles).toBeLessThan(30);
}
