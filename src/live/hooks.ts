/** What is told of live delivery, for metrics. */
export interface LiveHooks {
  readonly onOpen: () => void;
  readonly onClose: () => void;
  readonly onGroups: (count: number) => void;
  readonly onExecution: () => void;
  /** @param seconds from the change's being seen to its being handed to the subscriber; null for present states */
  readonly onDelivery: (seconds: number | null) => void;
}
