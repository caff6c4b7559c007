import type { Dice } from './fuzz-dice.ts';

/** Documents that are none, or too much of one. */

const tokens = [
  ...[
    'query',
    'mutation',
    'subscription',
    'fragment',
    'on',
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ':',
    '=',
    '!',
    '|',
  ],
  ...[
    '@',
    '&',
    '...',
    '$',
    '$a',
    '#',
    '"',
    '"""',
    '\\',
    '\\u{110000}',
    "'",
    '1',
    '-1',
    '1e999',
    '0x1',
    'null',
  ],
  ...['true', 'campaign', 'campaigns', 'id', 'nodes', '__schema', '__type', '__typename', 'accounts', 'name'],
  ...['@include', '@defer', '@stream', '@oneOf', 'if', ',', '\n', '\0', '\ufeff', '\ud800', '💥', 'extend'],
] as const;

/** Tokens in no order. */
export function tokenSoup(dice: Dice): string {
  return dice.times(1, 60, () => dice.oneOf(tokens)).join(dice.oneOf([' ', '', '\n']));
}

/** A text with a few places changed: something left out, put in, doubled or swapped. */
export function mangled(dice: Dice, text: string): string {
  let changed = text;
  for (let times = 1 + dice.below(4); times > 0; times -= 1) {
    const at = dice.below(changed.length + 1);
    const end = at + dice.below(12);
    const [before, middle, after] = [changed.slice(0, at), changed.slice(at, end), changed.slice(end)];
    const kind = dice.below(4);
    if (kind === 0) changed = before + after;
    else if (kind === 1) changed = `${before}${dice.oneOf(tokens)}${middle}${after}`;
    else if (kind === 2) changed = before + middle + middle + after;
    else changed = after + middle + before;
  }
  return changed;
}

type Grow = (size: number) => string;

const campaign = 'campaign(id: "campaign:selzy-main:501")';

/** Each is harmless when small, and grows with its size. */
const growing: readonly [Grow, ...Grow[]] = [
  (size) => `{ ${'a { '.repeat(size)}id${' }'.repeat(size)} }`,
  (size) => `{ ${campaign} { account { id } ${'account { provider { id } } '.repeat(size)} } }`,
  (size) => `{ ${Array.from({ length: size }, (_, n) => `a${n}: ${campaign} { id }`).join(' ')} }`,
  (size) =>
    `{ campaigns(first: 500) { nodes { ${'history(first: 500) { nodes { campaign { '.repeat(size)}id${' } } }'.repeat(size)} } } }`,
  (size) =>
    `{ ...F0 } ${Array.from({ length: size }, (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`).join(' ')} fragment F${size} on Query { __typename }`,
  (size) =>
    `{ ...F0 } ${Array.from({ length: size }, (_, n) => `fragment F${n} on Query { ...F${(n + 1) % size} }`).join(' ')}`,
  (size) => `{ __typename ${'@include(if: true) '.repeat(size)} }`,
  (size) => `{ __typename ${'@unknown(a: [{b: 1}]) '.repeat(size)} }`,
  (size) =>
    `query (${Array.from({ length: size }, (_, n) => `$v${n}: Int = ${n}`).join(', ')}) { __typename }`,
  (size) => `{ campaigns(filter: { tags: ${'['.repeat(size)}"a"${']'.repeat(size)} }) { totalCount } }`,
  (size) => `{ campaigns(filter: { ids: [${'"campaign:selzy-main:501", '.repeat(size)}] }) { totalCount } }`,
  (size) => `{ campaigns(filter: { search: "${'%_'.repeat(size)}" }) { totalCount } }`,
  (size) => `{ campaigns(filter: { search: """${'a\\n'.repeat(size)}""" }) { totalCount } }`,
  (size) => `{ __schema { types { ${'fields { type { '.repeat(size)}name${' } }'.repeat(size)} } } }`,
  (size) => `{ __type(name: "Campaign") { ${'possibleTypes { '.repeat(size)}name${' }'.repeat(size)} } }`,
  (size) => `{ __typename } ${'#\n'.repeat(size)}`,
  (size) => Array.from({ length: size }, (_, n) => `query Q${n} { __typename }`).join(' '),
  (size) => `{ ${'... on Query { '.repeat(size)}__typename${' }'.repeat(size)} }`,
  (size) => `{ ${'a'.repeat(size * 10)} }`,
  (size) => '{'.repeat(size),
  (size) => `query ($a: ${'['.repeat(size)}Int${']'.repeat(size)}) { __typename }`,
];

/** A document that is too much of something, or nearly. */
export function tooMuch(dice: Dice): string {
  return dice.oneOf(growing)(dice.oneOf([1, 5, 12, 30, 60, 200, 1_500]));
}
