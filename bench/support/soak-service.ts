import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { type App, startApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import { answerParent, cpuMs } from './child.ts';

/** The service in a process of its own, which tells how it is. An error that nobody foresaw goes to stderr, or ends it. */
let app: App | null = null;
const loop = monitorEventLoopDelay({ resolution: 10 });

const milliseconds = (nanoseconds: number) => nanoseconds / 1e6;

answerParent(
  {
    cpuMs,
    async start(config) {
      app = await startApp(parseConfig(config, {}), pino({ level: 'error' }, pino.destination(2)));
      loop.enable();
      return app.url;
    },
    /** The delay of the event loop since the last time, and then what is held once the rest is collected. */
    async sample() {
      const delays = { p99: milliseconds(loop.percentile(99)), max: milliseconds(loop.max) };
      for (let round = 0; round < 3; round += 1) {
        globalThis.gc?.();
        await delay(50);
      }
      const { heapUsed, rss, external } = process.memoryUsage();
      const handles = process.getActiveResourcesInfo();
      // The collections' own delay is not the service's.
      loop.reset();
      return {
        heap: heapUsed,
        external,
        rss,
        handles: handles.length,
        sockets: handles.filter((name) => name === 'TCPSocketWrap').length,
        delays,
      };
    },
  },
  async () => app?.stop(),
);
