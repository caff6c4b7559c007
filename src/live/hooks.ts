/** What is told of live delivery, for metrics. */
export interface LiveHooks {
  readonly onOpen: () => void;
  readonly onClose: () => void;
  /** @param seconds from the change's being seen to its being handed to the subscriber; null for present states */
  readonly onDelivery: (seconds: number | null) => void;
}

/** A subscription counts from its first `next` on: one that is given up before is never told to return. */
export function countOpen({ onOpen, onClose }: LiveHooks) {
  let state: 'new' | 'open' | 'closed' = 'new';
  return {
    open(): void {
      if (state !== 'new') return;
      state = 'open';
      onOpen();
    },
    close(): void {
      if (state === 'open') onClose();
      state = 'closed';
    },
  };
}
