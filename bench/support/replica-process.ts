import { pino } from 'pino';
import { z } from 'zod';
import { type App, startApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import { answerParent, cpuMs } from './child.ts';
import { systemMs } from './fanout-server.ts';
import { readingOf } from './reading.ts';

/** One of several replicas on a PostgreSQL, which is told what it has read, so that the moment of it is known. */

let app: App | null = null;
const revisions = new Map<string, number>();
/** What another replica has stored of a campaign is never what we read: what is equal would not be written. */
const firstRevision = (process.pid % 2_000) * 1_000_000;

const publishSchema = z.object({ account: z.string(), changes: z.number() });
const writeSchema = z.object({ accounts: z.array(z.string()), ms: z.number(), atOnce: z.number() });

/** @throws where the account is not ours */
async function change(account: string, place: number): Promise<void> {
  const name = `${account} ${place}`;
  const revision = (revisions.get(name) ?? firstRevision) + 1;
  revisions.set(name, revision);
  await app?.observe([readingOf(account, place, revision)]);
}

/** Makes one change after another. @returns how many were stored */
async function changeUntil(account: string, place: number, endAt: number): Promise<number> {
  let changes = 0;
  for (; performance.now() < endAt; changes += 1) await change(account, place);
  return changes;
}

answerParent(
  {
    cpuMs,
    /** @returns the address of its WebSocket endpoint */
    async start(config) {
      app = await startApp(parseConfig(config, {}), pino({ level: 'error' }, pino.destination(2)));
      return `${app.url.replace('http', 'ws')}/graphql`;
    },
    /** @returns those of the accounts that this replica takes care of */
    async held(value) {
      const held: string[] = [];
      for (const account of z.array(z.string()).parse(value)) {
        if (
          await change(account, 0).then(
            () => true,
            () => false,
          )
        )
          held.push(account);
      }
      return held;
    },
    /** Makes one change. @returns when, by the system's clock */
    async change(account) {
      const at = systemMs();
      await change(z.string().parse(account), 0);
      return at;
    },
    /** Makes the next changes of one campaign. */
    async publish(value) {
      const { account, changes } = publishSchema.parse(value);
      await Promise.all(Array.from({ length: changes }, () => change(account, 0)));
    },
    /** Changes campaigns of these accounts for a while, so many at once, each as soon as its last is stored. */
    async write(value) {
      const { accounts, ms, atOnce } = writeSchema.parse(value);
      const endAt = performance.now() + ms;
      const lanes = Array.from({ length: atOnce }, (_, lane) =>
        changeUntil(accounts[lane % accounts.length] ?? '', lane, endAt),
      );
      return (await Promise.all(lanes)).reduce((sum, changes) => sum + changes, 0);
    },
  },
  async () => app?.stop(),
);
