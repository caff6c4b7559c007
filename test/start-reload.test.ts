import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createClient } from 'graphql-ws';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { accountAt } from './support/app.ts';
import { configFile, runScript } from './support/process.ts';
import { startGenerousSimulator } from './support/simulator.ts';
import { until } from './support/wait.ts';

const [staying, leaving] = ['a-token-that-stays', 'a-token-that-leaves'];

function token(secret: string, extra: object = {}) {
  const sha256 = createHash('sha256').update(secret).digest('hex');
  return { name: secret, sha256, role: 'operator', accounts: ['*'], ...extra };
}

/** A client that looks at everything, by a token; without coming back. */
function watch(url: string, secret: string) {
  const closed: { code: number; at: number }[] = [];
  const events: unknown[] = [];
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${secret}` },
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => {},
    on: {
      closed: (event) =>
        closed.push({
          code: event instanceof Object && 'code' in event ? Number(event.code) : 0,
          at: Date.now(),
        }),
    },
  });
  client.subscribe(
    {
      query:
        'subscription { campaignUpdated(ids: ["campaign:appizer-main:camp_1"]) { campaign { id status } } }',
    },
    { next: (event) => void events.push(event), error: () => {}, complete: () => {} },
  );
  return {
    closed,
    events,
    [Symbol.dispose]: () => void Promise.resolve(client.dispose()).catch(() => {}),
  };
}

test('SIGHUP changes tokens, accounts and polling, and drops nobody else', { timeout: 40_000 }, async () => {
  await using simulator = await startGenerousSimulator();
  const { appizer, octeth } = simulator.providers;
  const pushed = appizer.add({ externalId: 'camp_1' });
  const mailed = octeth.add({ name: 'Spring' });
  const config = (changes: object) => ({
    server: { port: 0 },
    database: 'sqlite::memory:',
    auth: { tokens: [token(staying), token(leaving)] },
    accounts: [accountAt(simulator, 'appizer')],
    polling: { fastest: 0.05, slowest: 1 },
    follow: [{ account: 'appizer-main', externalId: pushed }],
    ...changes,
  });
  const path = configFile(config({}));
  await using service = runScript('src/main.ts', ['--config', path], { LOG_LEVEL: 'info' });
  const url = await service.ready();
  const ask = async (query: string, secret = staying) => {
    const response = await fetch(`${url}/graphql?query=${encodeURIComponent(query)}`, {
      headers: { authorization: `Bearer ${secret}` },
    });
    return { status: response.status, body: await response.json() };
  };
  using one = watch(url, staying);
  using other = watch(url, leaving);
  await until(() => one.events.length > 0 && other.events.length > 0);

  const reload = async (next: string) => {
    const before = service.errors.length;
    writeFileSync(path, next);
    service.send('SIGHUP');
    await until(() => /configuration (has been|could not be) read again/.test(service.errors.slice(before)));
    return service.errors.slice(before);
  };

  const wrong = await reload(JSON.stringify(config({ accounts: [{ name: 'x', provider: 'pigeon' }] })));
  expect(wrong).toContain('accounts[0].provider: unknown');
  expect(await ask('{ accounts { name } }', leaving)).toMatchObject({ status: 200 });

  const at = Date.now();
  await reload(
    JSON.stringify(
      config({
        auth: { tokens: [token(staying)] },
        accounts: [accountAt(simulator, 'appizer'), accountAt(simulator, 'octeth')],
        polling: { fastest: 0.1, slowest: 2 },
      }),
    ),
  );
  await until(() => other.closed.length > 0);
  expect(other.closed).toMatchObject([{ code: 4403 }]);
  expect((other.closed[0]?.at ?? 0) - at).toBeLessThan(1_000);
  expect((await ask('{ accounts { name } }', leaving)).status).toBe(401);
  expect(await ask('{ accounts { name } }')).toEqual({
    status: 200,
    body: { data: { accounts: [{ name: 'appizer-main' }, { name: 'octeth-main' }] } },
  });
  await until(async () => {
    const { body } = await ask(`{ campaign(id: "campaign:octeth-main:${mailed}") { name } }`);
    return body.data.campaign?.name === 'Spring';
  });

  const before = one.events.length;
  appizer.set(pushed, { counters: { sent: 7 } });
  await until(() => one.events.length > before);

  await reload(JSON.stringify(config({ accounts: [accountAt(simulator, 'octeth')], follow: [] })));
  expect((await ask('{ accounts { name } }')).body.data.accounts).toEqual([{ name: 'octeth-main' }]);
  expect(
    (await ask(`{ campaign(id: "campaign:appizer-main:${pushed}") { id } }`)).body.data.campaign,
  ).toBeNull();
  const asked = appizer.requests.length;
  octeth.set(mailed, { status: 'Sending' });
  await until(async () => {
    const { body } = await ask(`{ campaign(id: "campaign:octeth-main:${mailed}") { status } }`);
    return body.data.campaign?.status === 'SENDING';
  });
  expect(appizer.requests.length, 'polled no more').toBe(asked);
  expect(one.closed).toEqual([]);
});

test.each(['application/json', 'application/json, text/event-stream'])(
  'a token that is taken away while its request comes in changes nothing, asked with accept: %s',
  { timeout: 30_000 },
  async (accept) => {
    await using simulator = await startGenerousSimulator();
    const { appizer } = simulator.providers;
    const id = appizer.add({ externalId: 'camp_1' });
    const config = (...tokens: object[]) => ({
      server: { port: 0 },
      database: 'sqlite::memory:',
      auth: { tokens },
      accounts: [accountAt(simulator, 'appizer')],
    });
    const path = configFile(config(token(staying), token(leaving)));
    await using service = runScript('src/main.ts', ['--config', path], { LOG_LEVEL: 'info' });
    const { hostname, port, host } = new URL(await service.ready());
    const query = `mutation { followCampaign(account: "appizer-main", externalId: "${id}") { errors { code } } }`;
    const body = JSON.stringify({ query });
    const head = [
      'POST /graphql HTTP/1.1',
      `Host: ${host}`,
      `Authorization: Bearer ${leaving}`,
      `Accept: ${accept}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Connection: close',
    ];
    const socket = connect(Number(port), hostname);
    let told = '';
    socket.on('data', (chunk) => {
      told += chunk;
    });
    socket.write([...head, '', body.slice(0, 20)].join('\r\n'));
    // A request that came later has been answered: this one's head is in.
    const response = await fetch(`http://${host}/health/live`);
    expect(response.status).toBe(200);
    writeFileSync(path, JSON.stringify(config(token(staying))));
    service.send('SIGHUP');
    await until(() => service.errors.includes('has been read again'));
    socket.write(body.slice(20));
    await until(() => /^HTTP\/1\.1 \d+/.test(told));
    expect(told).toMatch(/UNAUTHENTICATED/);
    expect(appizer.requests).toEqual([]);
    socket.destroy();
  },
);
