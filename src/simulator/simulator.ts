import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createAppizer } from './appizer/index.ts';
import { lives as appizerLives } from './appizer/life.ts';
import { createBsg } from './bsg/index.ts';
import { lives as bsgLives } from './bsg/life.ts';
import { createOcteth } from './octeth/index.ts';
import { lives as octethLives } from './octeth/life.ts';
import { type OctethQuirks, usualQuirks as usualOctethQuirks } from './octeth/quirks.ts';
import { createProvider, type SimulatedProvider } from './provider.ts';
import { requestListener } from './routing.ts';
import type { Lives } from './script.ts';
import { type RecordedDownload, withDownloads } from './selzy/download.ts';
import { createSelzy } from './selzy/index.ts';
import { lives as selzyLives } from './selzy/life.ts';
import { type SelzyQuirks, usualQuirks as usualSelzyQuirks } from './selzy/quirks.ts';
import { createWorld, type World } from './world.ts';

export type { CampaignChange, CampaignState, Counters, NewCampaign } from './campaign.ts';
export type { Fault, FaultScope } from './faults.ts';
export type { OctethQuirks } from './octeth/quirks.ts';
export type { RecordedRequest, SimulatedProvider } from './provider.ts';
export type { RecordedDownload } from './selzy/download.ts';
export type { SelzyQuirks } from './selzy/quirks.ts';
export { type BrokenLine, manyRows, type ReportTable } from './selzy/table.ts';

export interface SimulatorOptions {
  /** 127.0.0.1 */
  host?: string;
  /** 0: any free one. */
  port?: number;
  /** Everything random follows from it; 1. */
  seed?: number;
  /** How much faster campaigns live than at their usual 2 to 6 minutes; 1. Times on the wire stay real. */
  speed?: number;
  /** Living campaigns per provider; 0: only those that are added, or created through the API. */
  campaigns?: number;
  /** Milliseconds since 1970; Date.now. */
  now?: () => number;
  /** 1,200, as documented. */
  selzyCallsPerMinute?: number;
  /** How long Selzy prepares a delivery report, divided by `speed`; 3. */
  selzyTaskSeconds?: number;
  selzyQuirks?: Partial<SelzyQuirks>;
  /** 500, as documented. */
  appizerCallsPerMinute?: number;
  /** 30 days, as in the documented sample. */
  bsgTokenSeconds?: number;
  octethQuirks?: Partial<OctethQuirks>;
}

export interface SimulatedSelzy extends SimulatedProvider {
  /** How its delivery reports go; may be changed at any time. */
  readonly quirks: SelzyQuirks;
  /** Those of `requests` that asked for a file, newest last. */
  readonly downloads: readonly RecordedDownload[];
}

export interface SimulatedBsg extends SimulatedProvider {
  /** From now on every bearer token given out so far is refused. */
  expireTokens(): void;
}

export interface SimulatedOcteth extends SimulatedProvider {
  readonly sessionId: string;
  /** How this server differs from others; may be changed at any time. */
  readonly quirks: OctethQuirks;
}

export interface Simulator extends AsyncDisposable {
  readonly url: string;
  readonly providers: {
    selzy: SimulatedSelzy;
    bsg: SimulatedBsg;
    octeth: SimulatedOcteth;
    appizer: SimulatedProvider;
  };
  /** Stops listening and drops every open socket, hung requests too. */
  stop(): Promise<void>;
}

/** Starts the four providers as one HTTP server. Rejects when the port is taken. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, seed = 1, speed = 1, campaigns = 12, now = Date.now } = options;
  const stopping = new AbortController();
  let url = '';
  const worldOf = (lives: Lives): World => createWorld({ lives, campaigns, seed, speed, now });
  const origin = () => url;

  const selzyWorld = worldOf(selzyLives);
  const bsgWorld = worldOf(bsgLives);
  const octethWorld = worldOf(octethLives);
  const appizerWorld = worldOf(appizerLives);
  const octethQuirks: OctethQuirks = { ...usualOctethQuirks, ...options.octethQuirks };
  const selzyQuirks: SelzyQuirks = { ...usualSelzyQuirks, ...options.selzyQuirks };
  const bsgProtocol = createBsg(bsgWorld, { tokenSeconds: options.bsgTokenSeconds ?? 2_592_000 });
  const octethProtocol = createOcteth(octethWorld, octethQuirks);
  const selzyProtocol = createSelzy(selzyWorld, {
    callsPerMinute: options.selzyCallsPerMinute ?? 1_200,
    quirks: selzyQuirks,
    taskMs: ((options.selzyTaskSeconds ?? 3) * 1_000) / speed,
    origin,
    stopped: stopping.signal,
  });
  const appizerProtocol = createAppizer(appizerWorld, {
    callsPerMinute: options.appizerCallsPerMinute ?? 500,
  });

  const selzyApi = createProvider(selzyProtocol, selzyWorld, origin, stopping.signal);
  const { server: selzy, downloads } = withDownloads(selzyApi, selzyProtocol.files);
  const bsg = createProvider(bsgProtocol, bsgWorld, origin, stopping.signal);
  const octeth = createProvider(octethProtocol, octethWorld, origin, stopping.signal);
  const appizer = createProvider(appizerProtocol, appizerWorld, origin, stopping.signal);

  const server = createServer(requestListener(new Map(Object.entries({ selzy, bsg, octeth, appizer }))));
  // Longer than any client keeps one, so that no request meets a socket that is just being closed.
  server.keepAliveTimeout = 120_000;
  server.listen(port, host);
  await once(server, 'listening');
  url = urlOf(server);

  async function stop(): Promise<void> {
    stopping.abort();
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  return {
    url,
    // Object.assign, as a spread would freeze what the getters give.
    providers: {
      selzy: Object.assign(selzy.provider, { quirks: selzyQuirks, downloads }),
      bsg: Object.assign(bsg.provider, { expireTokens: bsgProtocol.expireTokens }),
      octeth: Object.assign(octeth.provider, { sessionId: octethProtocol.sessionId, quirks: octethQuirks }),
      appizer: appizer.provider,
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The simulator has no port.');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
