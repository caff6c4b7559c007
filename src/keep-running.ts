import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';

interface Startable {
  /** Resolves if it has to be started anew. */
  readonly goneBack: Promise<void>;
  stop(): Promise<void>;
}

export interface KeepRunningParts<Service> {
  /** Starts a service. */
  readonly start: () => Promise<Service>;
  /** Told of each that is ready. */
  readonly onReady: (service: Service) => void;
  readonly logger: Logger;
}

const tryAgainMs = 1_000;

/** Runs a service, and starts it anew whenever its database has gone back. Only the first start may fail for good. */
export function keepRunning<Service extends Startable>({
  start,
  onReady,
  logger,
}: KeepRunningParts<Service>) {
  const stopping = new AbortController();

  async function begin(): Promise<Service> {
    const service = await start();
    service.goneBack.then(() => {
      if (!stopping.signal.aborted) running = beginAnew(service);
    });
    onReady(service);
    return service;
  }

  async function beginAnew(before: Service): Promise<Service> {
    logger.error(
      'the database has gone back to an earlier state; starting anew, and telling all present states',
    );
    await before
      .stop()
      .catch((error: unknown) =>
        logger.error({ err: error }, 'the service could not be stopped in good order'),
      );
    for (;;) {
      try {
        return await begin();
      } catch (error) {
        logger.error({ err: error }, 'the service could not be started anew; trying again');
      }
      await delay(tryAgainMs, undefined, { signal: stopping.signal });
    }
  }

  let running = begin();

  return {
    /**
     * The service that runs, or is being started.
     * @throws what the first start has thrown
     */
    service: (): Promise<Service> => running,

    /** Ends it in good order, also when it has not quite begun. */
    async stop(): Promise<void> {
      stopping.abort();
      const service = await running.catch(() => null);
      await service?.stop();
    },
  };
}
