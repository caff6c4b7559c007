import type { Dice } from './fuzz-dice.ts';

/** Values that programs trip over, wherever they come: in variables, in a provider's answers, in messages. */

const texts = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'half \udc00 of a pair',
  '\u202e',
  '\ufeff',
  '💥'.repeat(20),
  'null',
  '__proto__',
  'constructor',
  "'; drop table campaigns; --",
  '%00%ff%',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  '{{7*7}}',
  '\r\nX-Injected: 1',
  '1e400',
  '0x7f',
  '2026-02-30T25:61:61Z',
  '+275760-09-13T00:00:00.001Z',
  '-000001-01-01T00:00:00Z',
  'x'.repeat(1_000),
] as const;

const numbers = [
  0,
  -0,
  -1,
  0.1,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 63,
  -(2 ** 63),
  8.64e15 + 1,
  1e21,
  1e308,
  5e-324,
] as const;

/** Names that mean something to every object of JavaScript. */
const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', '', 'a', '0'] as const;

export function oddText(dice: Dice): string {
  return dice.oneOf(texts);
}

export function oddNumber(dice: Dice): number {
  return dice.chance(0.5) ? dice.oneOf(numbers) : dice.below(2_000) - 1_000;
}

/** Objects and lists within one another, so many; more than any reader's stack takes, if asked for. */
export function nested(depth: number, dice: Dice): string {
  return dice.chance(0.5)
    ? `${'['.repeat(depth)}${']'.repeat(depth)}`
    : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

/** Any JSON value. A name such as `__proto__` is a member like others, as JSON.parse makes it. */
export function oddValue(dice: Dice, depth = 3): unknown {
  const kind = dice.below(depth > 0 ? 9 : 6);
  if (kind === 0) return null;
  if (kind === 1) return dice.chance(0.5);
  if (kind <= 3) return oddText(dice);
  if (kind <= 5) return oddNumber(dice);
  if (kind === 6) return dice.times(0, 4, () => oddValue(dice, depth - 1));
  if (kind === 7)
    return Object.fromEntries(dice.times(0, 4, () => [dice.oneOf(names), oddValue(dice, depth - 1)]));
  return JSON.parse(nested(dice.oneOf([2, 20, 200]), dice));
}

/** Texts that are ids, nearly are, or are not at all. */
export function anyId(dice: Dice, known: readonly string[]): string {
  const kind = dice.below(10);
  if (kind < 6) return dice.anyOf(known) ?? 'campaign:main:1';
  if (kind === 6) return `campaign:${dice.oneOf(['selzy-main', 'nobody', ''])}:${dice.below(40)}`;
  if (kind === 7) return `${dice.oneOf(['campaign', 'task', 'node', ''])}:selzy-main:${oddText(dice)}`;
  if (kind === 8) return dice.oneOf(['provider:selzy', 'provider:', 'account:bsg-main', 'task:selzy-main:-']);
  return oddText(dice);
}
