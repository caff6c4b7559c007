import { pino } from 'pino';
import { type App, startApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import type { SimulatedProvider, Simulator } from '../../src/simulator/simulator.ts';

export interface TestAppOptions {
  readonly database?: string;
  readonly accounts: readonly object[];
  readonly follow?: readonly { readonly account: string; readonly externalId: string }[];
  readonly polling?: { readonly fastest?: number; readonly slowest?: number };
  readonly server?: object;
  readonly auth?: object;
  readonly limits?: object;
  readonly graphql?: object;
  /** ms since 1970; the machine's own clock */
  readonly now?: () => number;
}

export interface TestApp extends App, AsyncDisposable {
  /** Runs an operation over HTTP, and gives the whole answer. @param authorization "Bearer <token>" */
  request(
    query: string,
    variables?: Readonly<Record<string, unknown>>,
    authorization?: string,
  ): Promise<GraphQLAnswer>;
}

export interface GraphQLAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the answer of its own query
  readonly data?: any;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

/** The app as the configuration builds it, on a free port, quiet, polling fast unless told otherwise. */
export async function startTestApp({ now, ...options }: TestAppOptions): Promise<TestApp> {
  const config = parseConfig(
    {
      database: 'sqlite::memory:',
      polling: { fastest: 0.05, slowest: 1 },
      ...options,
      server: { port: 0, ...options.server },
    },
    {},
  );
  const app = await startApp(config, pino({ level: 'silent' }), now);
  return {
    ...app,
    async request(query, variables = {}, authorization) {
      const response = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(authorization !== undefined && { authorization }),
        },
        body: JSON.stringify({ query, variables }),
      });
      return response.json();
    },
    [Symbol.asyncDispose]: () => app.stop(),
  };
}

type ProviderName = keyof Simulator['providers'];

/** The configuration of an account at a simulated provider; `extra` goes over it. */
export function accountAt(simulator: Simulator, provider: ProviderName, extra: object = {}) {
  const { baseUrl, apiKey }: SimulatedProvider = simulator.providers[provider];
  return {
    name: `${provider}-main`,
    provider,
    apiKey,
    baseUrl,
    requestBudget: { limit: 100_000, windowSeconds: 60 },
    ...extra,
  };
}

export const providerNames = ['selzy', 'bsg', 'octeth', 'appizer'] as const satisfies readonly ProviderName[];
