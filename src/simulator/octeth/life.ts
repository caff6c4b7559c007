import { between } from '../random.ts';
import { type Lives, last, type Plot, type PlotStage, stage } from '../script.ts';
import type { CreatedLife } from '../world.ts';

function draft(seconds: number): PlotStage {
  return { ...stage('Draft', seconds), scheduleType: 'Not Scheduled' };
}

/** Ready to go at a time in the future: what Octeth's own pages call "Scheduled". */
function scheduled(seconds: number): PlotStage {
  return { ...stage('Ready', seconds), scheduleType: 'Future' };
}

function queued(seconds: number, sent = 0): PlotStage {
  return { ...stage('Ready', seconds, sent), scheduleType: 'Immediate' };
}

function planned(of: PlotStage): PlotStage {
  return { ...of, scheduleType: 'Future' };
}

function paused(seconds: number, sent: number, reason: string): PlotStage {
  return { ...planned(stage('Paused', seconds, sent)), reason };
}

/** Lengths and order are chosen as at Selzy: with twelve campaigns, something changes about every ten seconds. */
const plots: readonly Plot[] = [
  [
    draft(10),
    planned(stage('Pending Approval', 40)),
    scheduled(40),
    planned(stage('Sending', 100, 1)),
    planned(last('Sent', 1)),
  ],
  [
    draft(10),
    scheduled(40),
    draft(70),
    scheduled(70),
    planned(stage('Sending', 130, 1)),
    planned(last('Sent', 1)),
  ],
  [
    draft(10),
    queued(40),
    planned(stage('Sending', 70, 0.35)),
    { ...planned(last('Failed', 0.35)), reason: 'The delivery server refused the connection' },
  ],
  [
    draft(10),
    planned(stage('Pending Approval', 10)),
    scheduled(10),
    planned(stage('Sending', 40, 0.3)),
    paused(70, 0.3, 'Paused by the user'),
    queued(10, 0.3),
    planned(stage('Sending', 100, 1)),
    planned(last('Sent', 1)),
  ],
  [draft(70), queued(40), planned(stage('Sending', 130, 1)), planned(last('Sent', 1))],
  [
    draft(40),
    scheduled(10),
    planned(stage('Sending', 70, 0.5)),
    paused(40, 0.5, 'Credit limit reached'),
    queued(10, 0.5),
    planned(stage('Sending', 70, 1)),
    planned(last('Sent', 1)),
  ],
];

/** The life of a campaign that the API made, once it begins to send. */
export const createdLife: CreatedLife = {
  plot: [stage('Sending', 60, 1), last('Sent', 1)],
  recipients: [500, 5_000],
};

export const lives: Lives = {
  firstId: 1_201,
  idPrefix: '',
  firstAddedId: 9_000_001,
  periodSeconds: 360,
  pastPeriods: 3,
  blank: { status: 'Ready', scheduleType: 'Future', channel: 'email', currency: null },
  plot: (number) => plots[number % plots.length] ?? [],
  channel: () => 'email',
  rates: (random) => ({
    failed: between(random, 0, 0.004),
    lost: between(random, 0.004, 0.04),
    opened: between(random, 0.12, 0.42),
    clicked: between(random, 0.04, 0.22),
  }),
  recipients: [500, 40_000],
  pricePerMessage: 0,
};
