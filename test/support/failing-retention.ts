import type { RetentionStore } from '../../src/store/retention.ts';

/** What a pass does, in this order, each perhaps many times. */
export const retentionSteps = ['mark', 'thinUpTo', 'sweep'] as const;

export type RetentionStep = (typeof retentionSteps)[number];

/** A store with which a pass breaks off where it would do something for the first time. */
export function failingAt(step: RetentionStep, store: RetentionStore): RetentionStore {
  const fail = () => Promise.reject(new Error('The process has crashed.'));
  if (step !== 'sweep') return { ...store, [step]: fail };
  return {
    ...store,
    async sweep() {
      const { swept, thinned } = await store.state();
      return swept < thinned ? fail() : 0;
    },
  };
}
