import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { type App, startApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import { answerParent, cpuMs } from './child.ts';

/** The service, as `npm start -- --config` builds it, in a process of its own. */
let app: App | null = null;

answerParent(
  {
    cpuMs,
    rss: () => process.memoryUsage.rss(),
    async start(config) {
      app = await startApp(parseConfig(config, {}), pino({ level: 'error' }, pino.destination(2)));
      return app.url;
    },
    /** Bytes, as they are and once everything that nobody holds is gone. */
    async memory() {
      const asItIs = process.memoryUsage();
      for (let round = 0; round < 3; round += 1) {
        globalThis.gc?.();
        await delay(50);
      }
      return { asItIs, collected: process.memoryUsage() };
    },
  },
  async () => app?.stop(),
);
