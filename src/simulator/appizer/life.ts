import { between } from '../random.ts';
import { type Lives, last, type Plot, stage } from '../script.ts';

/** With twelve campaigns one is born every 20 s: sending begins 10 s past such a beat and ends on one, each time another. */
const plots: readonly Plot[] = [
  [stage('pending', 50), stage('sending', 90, 1), last('completed', 1)],
  [stage('pending', 70), stage('sending', 130, 1), last('completed', 1)],
  [stage('pending', 90), stage('sending', 50, 0.1), last('failed', 0.1)],
  [stage('pending', 110), stage('sending', 90, 1), last('completed', 1)],
  [stage('pending', 30), stage('sending', 90, 0.4), last('cancelled', 0.4)],
];

const periodSeconds = 240;

/**
 * Appizer cannot list, so whoever watches follows a fixed row of ids. The first ones are all there at the start, the
 * very first already sending, and are spread over ten minutes: with twelve, one changes every 25 s.
 */
function firstPlot(number: number, campaigns: number): Plot {
  const [, sending, end] = plots[number % plots.length] ?? [];
  if (!sending || !end) return [];
  const age = (campaigns - number) * (periodSeconds / campaigns);
  const pending = age + 12 + (number - 1) * (600 / campaigns);
  return [stage('pending', Math.max(10, pending)), { ...sending, seconds: 75 }, end];
}

export const lives: Lives = {
  firstId: 101,
  idPrefix: 'camp_',
  firstAddedId: 900_001,
  periodSeconds,
  pastPeriods: 1,
  blank: { status: 'pending', scheduleType: null, channel: 'push', currency: null },
  plot: (number, campaigns) =>
    number < campaigns ? firstPlot(number, campaigns) : (plots[number % plots.length] ?? []),
  channel: () => 'push',
  rates: (random) => ({
    failed: between(random, 0.002, 0.02),
    lost: between(random, 0.01, 0.07),
    opened: between(random, 0.2, 0.5),
    clicked: between(random, 0.15, 0.35),
  }),
  recipients: [400, 30_000],
  pricePerMessage: 0,
};
