import type { Logger } from 'pino';

/** So many warnings are remembered, so that each is logged once and not with every poll. */
const mostRemembered = 10_000;

/** Logs what was odd about providers' answers. */
export function createWarningLog(logger: Logger) {
  const logged = new Set<string>();

  return {
    log(campaign: string, warnings: readonly string[]): void {
      for (const warning of warnings) {
        const entry = `${campaign} ${warning}`;
        if (logged.has(entry)) continue;
        const [oldest] = logged;
        if (logged.size >= mostRemembered && oldest !== undefined) logged.delete(oldest);
        logged.add(entry);
        logger.warn({ campaign }, warning);
      }
    },
  };
}
