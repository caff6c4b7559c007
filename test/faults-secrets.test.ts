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
import { faults, leftAloneMs, unresolvable } from './support/faults.ts';
import { startRoad } from './support/road.ts';
import { overSse, overWebSocket } from './support/subscribe.ts';
import { until } from './support/wait.ts';

const everything = `{
  accounts { name health { state problem { code message providerCode } } budget { used } }
  campaigns { nodes {
    id name sender statusReason raw freshness { reason }
    history { nodes { cursor changedFields } }
  } }
}`;
const unknown = providerNames.flatMap((name) =>
  ['main', 'lost'].map((one) => `${name}_${one}: campaign(id: "campaign:${name}-${one}:999") { raw }`),
);
const changes =
  'subscription { campaignUpdated { cursor campaign { name statusReason raw freshness { reason } } } }';
const healths = 'subscription { accountUpdated { name health { problem { message } } } }';

/** The faults, and the provider's own words with the key in them; what it limits comes last, as it is left alone then. */
function faultsWith(key: string): (Fault | { readonly kind: 'refused' })[] {
  const echo = `The key "${key}" (${encodeURIComponent(key)}) may not do that.`;
  return [
    { kind: 'wrongValues' },
    { kind: 'error', code: '99', message: echo },
    { kind: 'error', code: key, message: echo },
    ...faults,
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
  await using road = await startRoad(Number(new URL(simulator.url).port));
  let aheadMs = 0;
  const database = await createDatabase('sqlite');
  const config = parseConfig(
    {
      server: { port: 0 },
      database,
      polling: { fastest: 0.05, slowest: 0.1 },
      accounts: providerNames.flatMap((name) => {
        const { baseUrl } = simulator.providers[name];
        const roadUrl = baseUrl.replace(simulator.url, `http://127.0.0.1:${road.port}`);
        return [
          accountAt(simulator, name, { baseUrl: roadUrl, timeoutSeconds: 0.2 }),
          // Of this one nobody knows where it is.
          accountAt(simulator, name, {
            name: `${name}-lost`,
            baseUrl: unresolvable(baseUrl),
            timeoutSeconds: 0.2,
          }),
        ];
      }),
      follow: providerNames.flatMap((name) =>
        ['501', '502'].map((externalId) => ({ account: `${name}-main`, externalId })),
      ),
    },
    {},
  );
  const app = await startApp(
    config,
    pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
    () => Date.now() + aheadMs,
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
    for (const [place, { kind }] of faultsWith('').entries()) {
      const asked = providers.map(({ requests }) => requests.length);
      if (kind === 'refused') await road.close();
      for (const name of providerNames) {
        const provider = simulator.providers[name];
        const fault = faultsWith(provider.apiKey)[place];
        provider.clearFaults();
        if (fault && fault.kind !== 'refused') provider.fault(fault);
      }
      await ask(`{ ${unknown.join(' ')} }`);
      await refreshAll();
      await ask(everything);
      if (kind === 'refused') await road.reopen();
      else
        expect(
          providers.every(({ requests }, one) => requests.length > (asked[one] ?? 0)),
          kind,
        ).toBe(true);
    }
    aheadMs += leftAloneMs;
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
    const { data } = await ask('{ accounts { name health { state } } }');
    expect(data.accounts).toEqual(
      providerNames.flatMap((name) => [
        { name: `${name}-main`, health: { state: 'UP' } },
        { name: `${name}-lost`, health: { state: 'DOWN' } },
      ]),
    );
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
