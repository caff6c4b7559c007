import { between } from '../random.ts';
import { type Lives, last, type Plot, stage } from '../script.ts';

/**
 * With twelve campaigns one is born every 30 s, and every stage lasts 10 s more than a multiple of 30. The lengths and
 * the order of the plots are chosen so that, whatever the time, something changes about every ten seconds.
 */
const plots: readonly Plot[] = [
  [stage('waits_censor', 40), stage('censor_hold', 70), last('declined')],
  [
    stage('waits_censor', 10),
    stage('censor_hold', 10),
    stage('waits_schedule', 40),
    stage('scheduled', 40),
    stage('in_progress', 70, 1),
    stage('analysed', 10, 1),
    last('completed', 1),
  ],
  [
    stage('waits_censor', 70),
    stage('waits_schedule', 10),
    stage('scheduled', 40),
    stage('in_progress', 130, 1),
    stage('analysed', 40, 1),
    last('completed', 1),
  ],
  [
    stage('waits_schedule', 10),
    stage('scheduled', 10),
    stage('in_progress', 40, 0.4),
    stage('stopped', 70, 0.4),
    stage('in_progress', 40, 1),
    stage('analysed', 10, 1),
    last('completed', 1),
  ],
  [
    stage('waits_censor', 10),
    stage('censor_hold', 40),
    stage('waits_schedule', 70),
    stage('scheduled', 10),
    stage('in_progress', 70, 0.5),
    stage('stopped', 40, 0.5),
    stage('in_progress', 70, 1),
    stage('analysed', 10, 1),
    last('completed', 1),
  ],
  [stage('waits_censor', 40), stage('waits_schedule', 40), stage('scheduled', 70), last('canceled')],
  [
    stage('waits_censor', 10),
    stage('waits_schedule', 10),
    stage('scheduled', 100),
    stage('in_progress', 100, 1),
    stage('analysed', 70, 1),
    last('completed', 1),
  ],
  [
    stage('waits_schedule', 40),
    stage('scheduled', 40),
    stage('in_progress', 70, 0.3),
    stage('stopped', 70, 0.3),
    last('canceled', 0.3),
  ],
];

export const lives: Lives = {
  firstId: 7_100_001,
  idPrefix: '',
  firstAddedId: 90_000_001,
  periodSeconds: 360,
  pastPeriods: 3,
  blank: { status: 'scheduled', scheduleType: null, channel: 'email', currency: null },
  plot: (number) => plots[number % plots.length] ?? [],
  channel: () => 'email',
  rates: (random) => ({
    failed: 0,
    lost: between(random, 0.004, 0.05),
    opened: between(random, 0.12, 0.42),
    clicked: between(random, 0.04, 0.22),
  }),
  recipients: [2_000, 82_000],
  pricePerMessage: 0,
};
