import { between } from '../random.ts';
import { type Lives, last, type Plot, stage } from '../script.ts';

/** Lengths and order are chosen as at Selzy: with twelve campaigns, something changes about every ten seconds. */
const plots: readonly Plot[] = [
  [
    stage('creation', 10),
    stage('moderation', 10),
    stage('scheduled', 70),
    stage('sending', 70, 1),
    last('done', 1),
  ],
  [stage('creation', 40), stage('moderation', 70), last('spam')],
  [
    stage('creation', 10),
    stage('scheduled', 70),
    stage('sending', 70, 0.5),
    stage('paused', 40, 0.5),
    stage('sending', 70, 1),
    last('done', 1),
  ],
  [stage('creation', 10), stage('moderation', 10), stage('scheduled', 70), last('stopped')],
  [
    stage('creation', 10),
    stage('moderation', 40),
    stage('scheduled', 10),
    stage('sending', 100, 0.6),
    stage('paused', 40, 0.6),
    stage('sending', 70, 1),
    last('done', 1),
  ],
  [
    stage('creation', 40),
    stage('moderation', 40),
    stage('scheduled', 70),
    stage('sending', 100, 1),
    last('done', 1),
  ],
  [
    stage('creation', 10),
    stage('moderation', 10),
    stage('scheduled', 70),
    stage('sending', 70, 0.3),
    stage('paused', 70, 0.3),
    stage('sending', 70, 1),
    last('done', 1),
  ],
  [stage('creation', 10), stage('scheduled', 70), stage('sending', 70, 0.6), last('stopped', 0.6)],
];

export const lives: Lives = {
  firstId: 53_700_001,
  idPrefix: '',
  firstAddedId: 90_000_001,
  periodSeconds: 360,
  pastPeriods: 3,
  blank: { status: 'scheduled', scheduleType: null, channel: 'sms', currency: 'USD' },
  plot: (number) => plots[number % plots.length] ?? [],
  channel: (number) => (number % 5 === 3 ? 'viber' : 'sms'),
  rates: (random, channel) => ({
    failed: between(random, 0, 0.01),
    lost: between(random, 0.02, 0.12),
    opened: channel === 'sms' ? 0 : between(random, 0.3, 0.7),
    clicked: 0,
  }),
  recipients: [300, 24_000],
  pricePerMessage: 0.0527088,
};
