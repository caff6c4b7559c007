import { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { z } from 'zod';
import { startApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';

/**
 * The service in a process of its own, started with --expose-gc: what it holds is weighed without the tests' own, and an
 * exception or a rejection that nobody handles ends it, as it would end the service.
 */

const errorLevel = 50;
const line = z.object({ level: z.number(), err: z.object({ stack: z.string() }).optional() });
/** By the places in the code that they come from: the same one again tells nothing new. */
const unforeseen = new Map<string, string>();

/** Keeps what the service logs as errors. */
const destination = new Writable({
  write(chunk, _encoding, done) {
    const text = String(chunk);
    const { level, err } = line.parse(JSON.parse(text));
    const places = err?.stack.split('\n    at ').slice(1, 4).join() ?? text;
    if (level >= errorLevel && !unforeseen.has(places)) unforeseen.set(places, text);
    done();
  },
});

async function weigh() {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    // What finalizers and the event loop let go of is gone only after a turn.
    await pause(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  return {
    bytes: heapUsed + external,
    sockets: resources.filter((name) => name === 'TCPSocketWrap').length,
    handles: resources.length,
    unforeseen: [...unforeseen.values()],
  };
}

const config = parseConfig(JSON.parse(process.argv[2] ?? ''), {});
const app = await startApp(config, pino({ level: 'warn' }, destination));
process.on('message', async (question) => {
  if (question === 'weigh') process.send?.(await weigh());
});
process.once('disconnect', () => void app.stop().then(() => process.exit(0)));
process.send?.({ url: app.url });
