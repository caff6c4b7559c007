import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startApp } from '../src/app.ts';
import { parseConfig } from '../src/config.ts';
import { createRedactor } from '../src/providers/redact.ts';
import { type Fault, startSimulator } from '../src/simulator/simulator.ts';
import { noTracing } from '../src/tracing/span.ts';
import { accountAt, providerNames } from './support/app.ts';
import { createDatabase } from './support/databases.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const everything = `{
  accounts { name health { state problem { code message providerCode } } budget { used } }
  campaigns { nodes {
    id name sender statusReason raw freshness { reason }
    history { nodes { cursor changedFields } }
  } }
}`;
const unknown = providerNames.map((name) => `${name}: campaign(id: "campaign:${name}-main:999") { raw }`);
const changes =
  'subscription { campaignUpdated { cursor campaign { name statusReason raw freshness { reason } } } }';
const healths = 'subscription { accountUpdated { name health { problem { message } } } }';

/** The faults, and the provider's own words with the key in them. */
function faultsWith(key: string): Fault[] {
  const echo = `The key "${key}" (${encodeURIComponent(key)}) may not do that.`;
  return [
    { kind: 'status', status: 500 },
    { kind: 'hang' },
    { kind: 'drop' },
    { kind: 'dropMidBody' },
    { kind: 'reset' },
    { kind: 'drip' },
    { kind: 'halfJson' },
    { kind: 'huge' },
    { kind: 'wrongTypes' },
    { kind: 'wrongValues' },
    { kind: 'html' },
    { kind: 'garbage' },
    { kind: 'empty' },
    { kind: 'unauthorized' },
    { kind: 'error', code: '99', message: echo },
    { kind: 'error', code: key, message: echo },
  ];
}

test('no key and no token is seen anywhere, whatever goes wrong', async () => {
  await using simulator = await startSimulator({ campaigns: 0, bsgTokenSeconds: 3 });
  const providers = providerNames.map((name) => ({ name, ...simulator.providers[name] }));
  for (const name of providerNames) {
    const { apiKey: key, add } = simulator.providers[name];
    // A provider that gives back what it was asked with.
    const extra = { api_key: key, echo: { asked: [`?api_key=${key}&x`], APIKey: key, [key]: 1 } };
    add({ externalId: '501', extra, warnings: [`The key ${key} is old.`] });
    add({
      externalId: '502',
      statusReason: `Stopped by ${key}`,
      status: name === 'octeth' ? 'Paused' : 'stopped',
    });
  }
  const seen: string[] = [];
  const lines: string[] = [];
  const database = await createDatabase('sqlite');
  const config = parseConfig(
    {
      server: { port: 0 },
      database,
      polling: { fastest: 0.05, slowest: 0.1 },
      accounts: providerNames.map((name) => accountAt(simulator, name, { timeoutSeconds: 0.2 })),
      follow: providerNames.flatMap((name) =>
        ['501', '502'].map((externalId) => ({ account: `${name}-main`, externalId })),
      ),
    },
    {},
  );
  const app = await startApp(
    config,
    pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
  );
  const ask = async (query: string) => {
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const text = await response.text();
    seen.push(text);
    return JSON.parse(text);
  };
  const refreshAll = () =>
    Promise.all(
      providerNames.map((name) =>
        ask(`mutation { refreshCampaign(id: "campaign:${name}-main:501") {
          campaign { raw } errors { message path providerCode }
        } }`),
      ),
    );
  const told = [overWebSocket(app.url, changes), overSse(app.url, changes), overWebSocket(app.url, healths)];
  try {
    await until(async () => (await ask(everything)).data.campaigns.nodes.length === 8);
    for (let place = 0; place < faultsWith('').length; place += 1) {
      const asked = providers.map(({ requests }) => requests.length);
      for (const name of providerNames) {
        const provider = simulator.providers[name];
        const fault = faultsWith(provider.apiKey)[place];
        provider.clearFaults();
        if (fault) provider.fault(fault);
      }
      await ask(`{ ${unknown.join(' ')} }`);
      await refreshAll();
      await ask(everything);
      expect(providers.every(({ requests }, one) => requests.length > (asked[one] ?? 0))).toBe(true);
    }
    for (const name of providerNames) {
      simulator.providers[name].clearFaults();
      simulator.providers[name].set('501', {
        name: 'Another',
        extra: { token: simulator.providers[name].apiKey },
      });
    }
    simulator.providers.bsg.expireTokens();
    for (const path of ['/metrics', '/health/ready', '/'])
      seen.push(await (await fetch(`${app.url}${path}`)).text());
    await refreshAll();
    const { data } = await ask('{ accounts { health { state } } }');
    expect(data.accounts).toEqual(providerNames.map(() => ({ health: { state: 'UP' } })));
    await ask(everything);
  } finally {
    for (const one of told) one[Symbol.dispose]();
    await app.stop();
  }
  for (const one of told) seen.push(JSON.stringify(one.events), JSON.stringify(one.errors));
  const folder = dirname(database.slice('sqlite:'.length));
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
  expect(files.join('').length).toBeGreaterThan(10_000);
  expect(seen.join('')).toContain('[redacted]');

  const leaksIn = (texts: readonly string[]) => {
    const leaks = texts.flatMap((text) => {
      const found =
        providers.find(({ apiKey }) => text.includes(apiKey))?.apiKey ?? /eyJ[\w-]{20,}\./.exec(text)?.[0];
      if (found === undefined) return [];
      const at = text.indexOf(found);
      return [text.slice(Math.max(0, at - 120), at + 60).replaceAll(/[^ -~]/g, '.')];
    });
    return [...new Set(leaks)];
  };
  expect({ responses: leaksIn(seen), log: leaksIn(lines), database: leaksIn(files) }).toEqual({
    responses: [],
    log: [],
    database: [],
  });
});

test('of the tokens of a session that goes on for long, the newest are kept in mind', async () => {
  await using simulator = await startSimulator({ campaigns: 0 });
  const { bsg } = simulator.providers;
  const config = parseConfig(
    {
      server: { port: 0 },
      database: 'sqlite::memory:',
      polling: { fastest: 600, slowest: 3_600 },
      accounts: [accountAt(simulator, 'bsg')],
    },
    {},
  );
  const tokens: string[] = [];
  const redactor = createRedactor([]);
  const app = await startApp(config, pino({ level: 'silent' }), Date.now, {
    tracing: noTracing,
    redactor: {
      ...redactor,
      addToken(token, holder) {
        tokens.push(token);
        redactor.addToken(token, holder);
      },
    },
  });
  try {
    for (let logIns = 0; logIns < 12; logIns += 1) {
      bsg.expireTokens();
      const query = encodeURIComponent(`{ campaign(id: "campaign:bsg-main:${logIns}") { id } }`);
      const response = await fetch(`${app.url}/graphql?query=${query}`);
      expect(await response.json()).toEqual({ data: { campaign: null } });
    }
    const kept = tokens.filter((token) => redactor.text(token) === '[redacted]');
    expect(tokens.length).toBeGreaterThanOrEqual(12);
    expect(kept).toEqual(tokens.slice(-8));
  } finally {
    await app.stop();
  }
});
