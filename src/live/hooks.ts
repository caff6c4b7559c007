import type { Told } from './feed.ts';

/** What is told of live delivery, for metrics. */
export interface LiveHooks {
  readonly onExecution: () => void;
  /** Something has been handed to so many subscribers. */
  readonly onDelivery: (told: Told, subscribers: number) => void;
}
