import { channel } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { createObserver, type Observed } from '../../src/campaigns/observe.ts';
import type { CampaignStatus } from '../../src/model/campaign.ts';
import { countersOf } from '../../src/model/stats.ts';
import { createCampaignStore } from '../../src/store/campaigns.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createChangeLog } from '../../src/store/log.ts';
import { startTestApp } from './app.ts';

/** A campaign as it is seen. */
export interface Seen {
  readonly externalId: string;
  readonly status: CampaignStatus;
  readonly sent: number;
  readonly sender?: string;
}

export const idOf = (externalId: string) => `campaign:main:${externalId}`;

export interface QuietAppOptions {
  /** Where its provider would be. */
  readonly baseUrl?: string;
  readonly limits?: {
    readonly subscriptionsPerConnection?: number;
    readonly subscriptionsPerToken?: number;
    readonly operationSeconds?: number;
  };
}

/** An app whose provider can't be reached: its campaigns change as `see` says, and not otherwise. */
export async function startQuietApp(
  database = 'sqlite::memory:',
  { baseUrl = 'http://127.0.0.1:1', limits = {} }: QuietAppOptions = {},
) {
  const settings = {
    database,
    accounts: [{ name: 'main', provider: 'appizer', apiKey: 'key', baseUrl }],
    polling: { fastest: 3_600, slowest: 3_600 },
    limits,
  };
  const app = await startTestApp(settings);
  return {
    ...app,

    /** All of it is told in one commit. */
    see: async (...campaigns: readonly Seen[]): Promise<void> =>
      void (await app.observe(readingsOf(campaigns))),

    async metric(name: string): Promise<number> {
      const text = await (await fetch(`${app.url}/metrics`)).text();
      return Number(new RegExp(`^campaign_graph_${name} (\\S+)$`, 'm').exec(text)?.[1]);
    },
  };
}

/** Another process that writes to the database, whoever takes care of the account. */
export async function openElsewhere(url: string) {
  const database = await openDatabase(url, () => {});
  const [store, log] = [createCampaignStore(database), createChangeLog(database)];
  const observer = createObserver({ store, log, now: Date.now, onCommit() {}, onObserved() {} });
  return {
    see: async (...campaigns: readonly Seen[]): Promise<void> =>
      void (await observer.observe(readingsOf(campaigns))),
    [Symbol.asyncDispose]: () => database.destroy(),
  };
}

function readingsOf(campaigns: readonly Seen[]): Observed[] {
  const askedAt = Date.now();
  return campaigns.map(({ externalId, status, sent, sender = 'Shop' }) => ({
    ...{ account: 'main', channel: 'PUSH', externalId, cause: 'POLL', askedAt },
    reading: {
      ...{ externalId, status, providerStatus: status, sender, raw: null },
      stats: { counters: countersOf({ sent }), final: false },
    },
  }));
}

export type QuietApp = Awaited<ReturnType<typeof startQuietApp>>;

/** Watches the server's side of the connections that are made from now on. */
export function watchConnections() {
  const opened = channel('net.server.socket');
  const sockets: Socket[] = [];
  const listen = (message: unknown) => {
    const socket = typeof message === 'object' && message && 'socket' in message && message.socket;
    if (socket instanceof Socket) sockets.push(socket);
  };
  opened.subscribe(listen);
  return {
    /** Bytes that wait in the process for the connection whose client is furthest behind. */
    mostHeld: () => Math.max(0, ...sockets.map(({ writableLength }) => writableLength)),
    /** How many have not been closed yet. */
    open: () => sockets.filter(({ destroyed }) => !destroyed).length,
    [Symbol.dispose]: () => void opened.unsubscribe(listen),
  };
}

/** Collects what the process warns of from now on, such as listeners that gather. */
export function watchWarnings() {
  const told: string[] = [];
  const listen = ({ name, message }: Error) => void told.push(`${name}: ${message}`);
  process.on('warning', listen);
  return { told, [Symbol.dispose]: () => void process.off('warning', listen) };
}
