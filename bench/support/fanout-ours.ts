import { pino } from 'pino';
import { type App, startApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import { account, turns } from './fanout-message.ts';
import { serveFanout } from './fanout-server.ts';
import { readingOf } from './reading.ts';

/** The service itself. Its changes go the whole way: they are compared, written, read from the log's end and sent. */

let app: App | null = null;
let next = turns(1);

serveFanout({
  async start(campaigns) {
    next = turns(campaigns);
    const config = {
      server: { port: 0 },
      database: 'sqlite::memory:',
      // Nothing is there, and nothing is asked: the changes come from here.
      accounts: [{ name: account, provider: 'appizer', apiKey: 'none', baseUrl: 'http://127.0.0.1:9' }],
      polling: { fastest: 3_600, slowest: 3_600 },
    };
    app = await startApp(parseConfig(config, {}), pino({ level: 'error' }, pino.destination(2)));
    const places = Array.from({ length: campaigns }, (_, place) => place);
    await app.observe(places.map((place) => readingOf(account, place, 1)));
    return `${app.url.replace('http', 'ws')}/graphql`;
  },
  async publish(changes) {
    const all = Array.from({ length: changes }, () => next());
    await Promise.all(all.map(({ place, revision }) => app?.observe([readingOf(account, place, revision)])));
  },
  stop: async () => app?.stop(),
});
