import pg from 'pg';
import { z } from 'zod';
import { answerParent } from './child.ts';
import { systemMs } from './fanout-server.ts';

/** PostgreSQL's NOTIFY with nothing round it: who says something, or who listens. */

let client: pg.Client | null = null;
const heard: number[] = [];
let wanted = Number.POSITIVE_INFINITY;
let reached = () => {};
let answered = () => {};

async function connect(url: unknown): Promise<pg.Client> {
  client = new pg.Client({ connectionString: z.string().parse(url) });
  await client.connect();
  return client;
}

const notify = () => client?.query("select pg_notify('bench', 'news')");

answerParent(
  {
    async listen(url) {
      const listener = await connect(url);
      listener.on('notification', ({ channel }) => {
        if (channel === 'ask') return void listener.query("select pg_notify('answer', 'news')");
        heard.push(systemMs());
        if (heard.length >= wanted) reached();
      });
      await listener.query('listen bench');
      await listener.query('listen ask');
    },
    /** Answers once so much has been heard. @returns when, by the system's clock */
    async heard(value) {
      wanted = z.number().parse(value);
      if (heard.length < wanted) {
        await new Promise<void>((resolve) => {
          reached = resolve;
        });
      }
      return heard;
    },
    async speak(url) {
      const speaker = await connect(url);
      speaker.on('notification', () => answered());
      await speaker.query('listen answer');
      await speaker.query('create table bench (id bigint generated always as identity, at text)');
    },
    /** @returns when it was begun */
    async plain() {
      const at = systemMs();
      await notify();
      return at;
    },
    /** There and back again. @returns how long it took, in ms */
    async roundTrip() {
      const back = new Promise<void>((resolve) => {
        answered = resolve;
      });
      const startedAt = performance.now();
      await Promise.all([client?.query("select pg_notify('ask', 'news')"), back]);
      return performance.now() - startedAt;
    },
    /** The same after a row that is stored first. */
    async stored() {
      const at = systemMs();
      await client?.query('insert into bench (at) values ($1)', [String(at)]);
      await notify();
      return at;
    },
  },
  async () => client?.end(),
);
