import { type App, startApp } from './app.ts';
import { parseConfig } from './config.ts';
import { providers } from './providers/index.ts';
import { type Simulator, startSimulator } from './simulator/simulator.ts';
import type { Telemetry } from './tracing/telemetry.ts';

/** Campaigns alive at a time at each simulated provider. */
const campaignsAlive = 12;

/** The service over the four simulators, in one process and with nothing kept: what starts when nothing is configured. */
export async function startDemo(
  port: number,
  telemetry: Telemetry,
): Promise<App & { readonly welcome: string }> {
  const simulator = await startSimulator({ campaigns: campaignsAlive });
  try {
    const config = parseConfig(demoConfig(simulator, port), {});
    const app = await startApp(config, telemetry.logger, Date.now, telemetry);
    return {
      ...app,
      welcome: welcomeText(app.url, simulator.url),
      async stop() {
        await app.stop();
        await simulator.stop();
      },
    };
  } catch (error) {
    await simulator.stop();
    throw error;
  }
}

function demoConfig(simulator: Simulator, port: number) {
  const simulated = Object.entries(simulator.providers);
  const accounts = simulated.map(([provider, { baseUrl, apiKey }]) => ({
    name: `${provider}-main`,
    provider,
    apiKey,
    baseUrl,
    requestBudget: { limit: 500, windowSeconds: 60 },
  }));
  const follow = simulated
    .filter(([provider]) => !canList(provider))
    .flatMap(([provider, { campaigns }]) =>
      [...campaigns.keys()].map((externalId) => ({ account: `${provider}-main`, externalId })),
    );
  return {
    server: { port },
    database: 'sqlite::memory:',
    accounts,
    follow,
    polling: { fastest: 2, slowest: 60 },
  };
}

function canList(name: string): boolean {
  return providers.find((provider) => provider.name === name)?.capabilities.includes('LIST') ?? false;
}

function welcomeText(url: string, simulatorUrl: string): string {
  return `campaign-graph is ready at ${url}/graphql

  Nothing is configured, so these are simulated campaigns at four simulated providers (${simulatorUrl}).
  Open the address above in a browser to explore the API: its tabs hold worked examples.
  With accounts of your own: npm start -- --config FILE (see README.md).
`;
}
