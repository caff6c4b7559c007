import { describe, expect, test } from 'vitest';
import type { LoggedStep } from '../store/retention.ts';
import { createRuns } from './runs.ts';

const minuteMs = 60_000;

/** A step of the campaign "a", as its seq and revision go on from one to the next. */
function step(seq: number, over: Partial<LoggedStep> = {}): LoggedStep {
  const plain = { key: 'a', at: seq * minuteMs, revision: seq, fields: ['stats.sent'] };
  return { seq, ...plain, isCountersOnly: true, isMarked: false, ...over };
}

function marksOf(steps: readonly LoggedStep[]) {
  const runs = createRuns();
  for (const one of steps) runs.add(one);
  const { merged, alone, unmarked } = runs.end();
  return {
    merged: merged.map(({ seq, fromRevision, thinned }) => [fromRevision, ...thinned.seqs, seq]),
    alone,
    unmarked,
  };
}

describe('of the steps of a campaign', () => {
  test.each<[string, LoggedStep[], Partial<ReturnType<typeof marksOf>>]>([
    [
      'that moved counters in one hour, the last stays',
      [step(2), step(3), step(4)],
      { merged: [[1, 2, 3, 4]] },
    ],
    ['one that is alone stays as it is', [step(2)], { alone: [2] }],
    [
      'each hour keeps one',
      [step(58), step(59), step(60), step(61)],
      {
        merged: [
          [57, 58, 59],
          [59, 60, 61],
        ],
      },
    ],
    [
      'none goes that is more than counters, and none is merged past it',
      [step(2), step(3), step(4, { isCountersOnly: false }), step(5), step(6)],
      {
        merged: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    ],
    [
      'those of others go their own way',
      [
        step(2),
        step(3, { key: 'b', revision: 7 }),
        step(4, { revision: 3 }),
        step(5, { key: 'b', revision: 8 }),
      ],
      {
        merged: [
          [1, 2, 4],
          [6, 3, 5],
        ],
      },
    ],
    ['none is merged past a revision that is missing', [step(2), step(4)], { alone: [2, 4] }],
    [
      'one that was to stay, by what was not brought to its end, goes all the same',
      [step(2, { isMarked: true }), step(3), step(4, { isMarked: true })],
      { merged: [[1, 2, 3, 4]], unmarked: [2] },
    ],
  ])('%s', (_name, steps, expected) => {
    expect(marksOf(steps)).toEqual({ merged: [], alone: [], unmarked: [], ...expected });
  });

  test('each field is known by the newest step that changed it', () => {
    const runs = createRuns();
    runs.add(step(2, { fields: ['stats.sent', 'progress'] }));
    runs.add(step(3, { fields: ['stats.opened'] }));
    runs.add(step(4, { fields: ['stats.sent'] }));
    expect(runs.take()).toEqual({ merged: [], alone: [], unmarked: [] });
    const [merged] = runs.end().merged;
    expect([...(merged?.thinned.changedBy ?? [])]).toEqual([
      ['stats.sent', 4],
      ['progress', 2],
      ['stats.opened', 3],
    ]);
  });
});
