import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { notify } from '../src/simulator/selzy/notify.ts';
import { type SelzyQuirks, type Simulator, startSimulator } from '../src/simulator/simulator.ts';
import { until } from './support/wait.ts';

const answered = z.object({ result: z.looseObject({ task_uuid: z.uuid() }) });

/** A clock that a test moves, and a simulator by it in which a task takes 20 seconds. */
async function slowly(selzyQuirks: Partial<SelzyQuirks> = {}) {
  const clock = { at: Date.parse('2026-03-01T10:00:00Z') };
  const simulator = await startSimulator({
    campaigns: 0,
    selzyTaskSeconds: 20,
    now: () => clock.at,
    selzyQuirks,
  });
  return { clock, simulator, [Symbol.asyncDispose]: simulator.stop };
}

async function ask({ providers }: Simulator, method: string, fields: Record<string, string>) {
  const { baseUrl, apiKey: api_key } = providers.selzy;
  const body = new URLSearchParams({ ...fields, api_key, format: 'json' });
  const response = await fetch(`${baseUrl}/async/${method}`, { method: 'POST', body });
  return answered.parse(await response.json()).result;
}

async function start(simulator: Simulator, notify_url: string): Promise<string> {
  const campaign_id = simulator.providers.selzy.add();
  return (await ask(simulator, 'getCampaignDeliveryStats', { campaign_id, notify_url })).task_uuid;
}

/** A server that takes notifications. */
async function listener(status = 200) {
  const received: { request: IncomingMessage; result: z.infer<typeof answered>['result'] }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ request, result: answered.parse(JSON.parse(body)).result });
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : null;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    tasks: () => received.map(({ result }) => result.task_uuid),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

test.each([200, 307, 500])('is posted once when the task ends, and a %i is no matter', async (status) => {
  await using world = await slowly();
  await using hook = await listener(status);
  const { simulator, clock } = world;
  const first = await start(simulator, `${hook.url}/told?campaignId=7`);
  clock.at += 10_000;
  const second = await start(simulator, hook.url);
  clock.at += 10_000;
  await until(() => hook.received.length === 1);
  expect(hook.received[0]?.request).toMatchObject({
    method: 'POST',
    url: '/told?campaignId=7',
    headers: expect.objectContaining({ 'content-type': 'application/json' }),
  });
  const { file_to_download: _, ...read } = await ask(simulator, 'getTaskResult', { task_uuid: first });
  const told = hook.received[0]?.result;
  expect(told).toEqual({ ...read, file_to_download: expect.any(String) });
  expect((await fetch(String(told?.file_to_download))).status).toBe(200);
  clock.at += 10_000;
  await until(() => hook.received.length >= 2);
  expect(hook.tasks()).toEqual([first, second]);
});

test('goes to loopback hosts alone', async () => {
  const asked: string[] = [];
  const fetching = vi.spyOn(globalThis, 'fetch').mockImplementation(async (to) => {
    asked.push(String(to));
    return new Response();
  });
  const near = ['http://localhost/', 'http://127.0.0.1:8080/a', 'http://[::1]/'];
  const far = ['http://10.0.0.1/', 'https://hooks.example/', 'http://127.0.0.1.example/', 'http://a@[::2]/'];
  for (const address of [...far, ...near]) await notify(address, {}, new AbortController().signal);
  fetching.mockRestore();
  expect(asked).toEqual(near);
});

test('that nobody takes, or that would leave this machine, changes nothing', async () => {
  await using world = await slowly();
  for (const notify_url of ['http://127.0.0.1:1/', 'https://hooks.example/told']) {
    const task_uuid = await start(world.simulator, notify_url);
    world.clock.at += 20_000;
    const result = await ask(world.simulator, 'getTaskResult', { task_uuid });
    expect(result).toMatchObject({ status: 'completed' });
  }
});

describe('can come', () => {
  test('late, while the result is there to be asked for', async () => {
    await using world = await slowly({ notification: 'late', lateMs: 30_000 });
    await using hook = await listener();
    const { simulator, clock } = world;
    const late = await start(simulator, hook.url);
    clock.at += 49_999;
    expect(await ask(simulator, 'getTaskResult', { task_uuid: late })).toMatchObject({ status: 'completed' });
    simulator.providers.selzy.quirks.lateMs = 40_000;
    clock.at += 9_999;
    expect(hook.tasks()).toEqual([]);
    clock.at += 2;
    await until(() => hook.tasks().length > 0);
    expect(hook.tasks()).toEqual([late]);
  });

  test('twice, word for word', async () => {
    await using world = await slowly({ notification: 'twice' });
    await using hook = await listener();
    const task = await start(world.simulator, hook.url);
    world.clock.at += 20_000;
    await until(() => hook.received.length === 2);
    expect(hook.tasks()).toEqual([task, task]);
    expect(hook.received[0]?.result).toEqual(hook.received[1]?.result);
  });

  test.each<Partial<SelzyQuirks>>([
    { notification: 'never' },
    { forgotten: true },
    { notification: 'forged' },
  ])('not at the end: %j', async (quirk) => {
    await using hook = await listener();
    await using simulator = await startSimulator({ campaigns: 0, selzyTaskSeconds: 0, selzyQuirks: quirk });
    const silent = await start(simulator, hook.url);
    const isForged = quirk.notification === 'forged';
    await until(() => hook.received.length === (isForged ? 1 : 0));
    // The first task ended before it was answered for, so what it had to tell comes before this.
    Object.assign(simulator.providers.selzy.quirks, { notification: 'once', forgotten: false });
    const told = await start(simulator, hook.url);
    await until(() => hook.tasks().includes(told));
    expect(hook.tasks()).toEqual(isForged ? [silent, told] : [told]);
  });

  test('forged, while the task is still in process', async () => {
    await using world = await slowly({ notification: 'forged', forgedLink: 'https://evil.example/rows.csv' });
    await using hook = await listener();
    const { simulator, clock } = world;
    const forged = await start(simulator, hook.url);
    await until(() => hook.received.length === 1);
    expect(hook.received[0]?.result).toEqual({
      task_uuid: forged,
      task_type: 'exportContacts',
      status: 'completed',
      file_to_download: 'https://evil.example/rows.csv',
    });
    const result = await ask(simulator, 'getTaskResult', { task_uuid: forged });
    expect(result).toMatchObject({ status: 'processing' });

    simulator.providers.selzy.quirks.notification = 'forgedThenTrue';
    clock.at += 20_000;
    await until(() => hook.received.length === 2);
    const link = String(hook.received[1]?.result.file_to_download);
    expect(link.startsWith(simulator.url)).toBe(true);
    expect((await fetch(link)).status).toBe(200);
  });
});
