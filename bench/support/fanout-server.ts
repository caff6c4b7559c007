import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { answerParent, cpuMs } from './child.ts';

/** One of the servers that are compared. */
export interface FanoutServer {
  /** @returns the address of its WebSocket endpoint */
  start(campaigns: number): Promise<string>;
  /** Makes the next changes, of each campaign in turn. */
  publish(changes: number): Promise<void> | void;
  stop(): Promise<void>;
}

const pace = z.object({ changes: z.number(), intervalMs: z.number() });

/** Answers the bench on behalf of a server in this process. */
export function serveFanout({ start, publish, stop }: FanoutServer): void {
  answerParent(
    {
      cpuMs,
      start: (campaigns) => start(z.number().parse(campaigns)),
      publish: (changes) => publish(z.number().parse(changes)),
      /** Makes one change after another, with time between them. @returns when each was made, by the system's clock */
      async pace(value) {
        const { changes, intervalMs } = pace.parse(value);
        const times: number[] = [];
        for (let change = 0; change < changes; change += 1) {
          times.push(systemMs());
          await publish(1);
          await delay(intervalMs);
        }
        return times;
      },
      /** Bytes, once everything that nobody holds is gone. */
      async memory() {
        for (let round = 0; round < 3; round += 1) {
          globalThis.gc?.();
          await delay(50);
        }
        const { rss, heapUsed, external } = process.memoryUsage();
        return { rss, heap: heapUsed + external };
      },
    },
    stop,
  );
}

/** Milliseconds of a clock that all processes of the machine share. */
export function systemMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
