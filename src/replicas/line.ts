import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { channel, type Message, messageOf } from './messages.ts';

export interface LineParts {
  readonly url: string;
  readonly logger: Logger;
  /** Told of what other replicas say. */
  readonly onMessage: (message: Message) => void;
  /** Told whenever it is heard (again): what was said before may have been missed. */
  readonly onHeard: () => void;
}

const connectMs = 5_000;
/** A connection that breaks unnoticed would be listened to for ever, so something is asked over it so often. */
const checkEveryMs = 2_000;
const answerMs = 5_000;
const tryAgainMs = { first: 100, most: 2_000 };

/** Listens to what other replicas say, by PostgreSQL's LISTEN, on a connection of its own that is made anew when it breaks. */
export function createLine({ url, logger, onMessage, onHeard }: LineParts) {
  const ending = new AbortController();
  const { signal } = ending;
  let running: Promise<void> = Promise.resolve();

  /** Resolves, or rejects, once the connection has ended. */
  async function listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: connectMs,
      query_timeout: answerMs,
      keepAlive: true,
    });
    const broken = new Promise<never>((_resolve, reject) => {
      client.on('error', reject);
      client.on('end', () => reject(new Error('The connection has ended.')));
    });
    broken.catch(() => {});
    const end = () => void client.end().catch(() => {});
    signal.addEventListener('abort', end);
    try {
      // A connection that is ended while it is being made says so by its event alone.
      await Promise.race([broken, client.connect()]);
      client.on('notification', ({ payload }) => hear(payload));
      await client.query(`listen ${channel}`);
      onHeard();
      while (!signal.aborted) {
        await Promise.race([broken, delay(checkEveryMs, undefined, { signal }).catch(() => {})]);
        if (!signal.aborted) await Promise.race([broken, client.query('select 1')]);
      }
    } finally {
      signal.removeEventListener('abort', end);
      client.removeAllListeners('notification');
      end();
    }
  }

  function hear(payload: string | undefined): void {
    const message = messageOf(payload ?? '');
    if (message) onMessage(message);
  }

  async function run(): Promise<void> {
    let waitMs = tryAgainMs.first;
    while (!signal.aborted) {
      const startedAt = performance.now();
      try {
        await listen();
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error }, 'other replicas can’t be heard; trying again');
      }
      waitMs = performance.now() - startedAt > connectMs ? tryAgainMs.first : waitMs;
      await delay(waitMs, undefined, { signal }).catch(() => {});
      waitMs = Math.min(tryAgainMs.most, waitMs * 2);
    }
  }

  return {
    /** Begins to listen. Nobody has to wait for it: what is missed until then is looked for. */
    start(): void {
      running = run();
    },

    async stop(): Promise<void> {
      ending.abort();
      await running;
    },
  };
}

export type Line = ReturnType<typeof createLine>;
