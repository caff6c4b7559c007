import { expect, test } from 'vitest';
import type { CampaignReading } from '../model/campaign.ts';
import { type Page, readPages } from './pages.ts';

function readEntry(entry: unknown): CampaignReading | null {
  if (typeof entry !== 'string') return null;
  return { externalId: entry, status: 'SENDING', providerStatus: 'sending', raw: entry };
}

/** The ids on the pages that are told, and the offsets that were asked for. */
async function readAll(pageAt: (offset: number) => Partial<Page>) {
  const asked: number[] = [];
  const fetchPage = async (offset: number) => {
    asked.push(offset);
    return { entries: [], total: null, limit: 2, ...pageAt(offset) };
  };
  const pages = await Array.fromAsync(readPages(fetchPage, readEntry));
  return { asked, told: pages.map((page) => page.map(({ externalId }) => externalId)) };
}

const all = ['a', 'b', 'c', 'd'];

test.each<[string, (offset: number) => Partial<Page>, string[][], number[]]>([
  ['nothing', () => ({}), [], [0]],
  ['nothing, though a total is told', () => ({ total: 9 }), [], [0]],
  ['a short page', () => ({ entries: ['a'] }), [['a']], [0]],
  [
    'a full last page',
    (at) => ({ entries: all.slice(at, at + 2) }),
    [all.slice(0, 2), all.slice(2)],
    [0, 2, 4],
  ],
  [
    'a total',
    (at) => ({ entries: all.slice(at, at + 2), total: 4 }),
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
    [0, 2],
  ],
  [
    'fewer than asked',
    (at) => ({ entries: all.slice(at, at + 1), total: 3 }),
    [['a'], ['b'], ['c']],
    [0, 1, 2],
  ],
  ['the same page for ever', () => ({ entries: ['a', 'b'] }), [['a', 'b']], [0, 2]],
  ['the same page for ever, and a total', () => ({ entries: ['a', 'b'], total: 99 }), [['a', 'b']], [0, 2]],
  [
    'one twice, and one that is illegible',
    () => ({ entries: ['a', 7, 'a', 'b'], total: 4 }),
    [['a', 'b']],
    [0],
  ],
  [
    'one that moves to the next page meanwhile',
    (at) => ({ entries: at === 0 ? ['b', 'c'] : ['c', 'd'], total: 4 }),
    [['b', 'c'], ['d']],
    [0, 2],
  ],
])('a list with %s', async (_, pageAt, told, asked) => {
  expect(await readAll(pageAt)).toEqual({ told, asked });
});

test('a list of which nothing can be read is no list without campaigns', async () => {
  await expect(readAll(() => ({ entries: [7, {}] }))).rejects.toMatchObject({
    code: 'PROVIDER_BAD_RESPONSE',
    message: "The provider's list can't be read: none of its 2 entries is a campaign.",
  });
});

test('a last page with nothing but a damaged entry costs no other campaign', async () => {
  const pages = await readAll((at) => ({ entries: at === 0 ? ['a', 'b'] : [7], total: 3 }));
  expect(pages).toEqual({ told: [['a', 'b']], asked: [0, 2] });
});
