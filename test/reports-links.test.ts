import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startTestApp } from './support/app.ts';
import { type Answer, startSampleServer } from './support/sample-server.ts';
import { until } from './support/wait.ts';

const taskQuery = `query ($id: ID!) { task(id: $id) {
  status completedAt problem { code message } report { rowCount }
} }`;

async function freePort(): Promise<number> {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** A server for files; `open` are its connections that have not been closed, `connections` all there ever were. */
async function startFiles(answer: RequestListener) {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createHttpServer(answer).listen(0, '127.0.0.1');
  server.on('connection', (socket: Socket) => {
    connections += 1;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => {});
  });
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    open,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The app over a Selzy each of whose tasks is completed at once, with whatever `link` it is told to give. */
async function start(reportHosts: readonly string[]) {
  await using stack = new AsyncDisposableStack();
  const links = new Map<string, unknown>();
  let link: unknown = null;
  let notifyUrl = '';
  const answers: Readonly<Record<string, (form: URLSearchParams) => object>> = {
    getCampaignStatus: () => ({ status: 'completed' }),
    'async/getCampaignDeliveryStats'(form) {
      const task_uuid = `task-${links.size + 1}`;
      links.set(task_uuid, link);
      notifyUrl = form.get('notify_url') ?? '';
      return { task_uuid, status: 'new' };
    },
    'async/getTaskResult'(form) {
      const task_uuid = form.get('task_uuid') ?? '';
      return { task_uuid, status: 'completed', file_to_download: links.get(task_uuid) };
    },
  };
  const selzy = stack.use(
    await startSampleServer(({ url, body }): Answer => {
      const result = answers[url.replace('/en/api/', '')]?.(new URLSearchParams(body));
      return { body: result ? { result } : { error: 'Unknown method', code: 'unknown_method', result: '' } };
    }),
  );
  const port = await freePort();
  const app = stack.use(
    await startTestApp({
      accounts: [
        {
          name: 'selzy-main',
          provider: 'selzy',
          apiKey: 'key-1',
          baseUrl: `${selzy.url}/en/api`,
          reportHosts,
        },
      ],
      polling: { fastest: 600, slowest: 3_600 },
      server: { port, publicUrl: `http://127.0.0.1:${port}` },
    }),
  );
  const kept = stack.move();
  return {
    app,
    /** How often it was asked how far a task is. */
    looks: (id: string) =>
      selzy.received.filter(({ body }) => new URLSearchParams(body).get('task_uuid') === id.split(':').at(-1))
        .length,
    /** Asks for a report whose link is this, gives it time to be ready, and the task's id. */
    async request(wanted: unknown): Promise<string> {
      link = wanted;
      const { data } = await app.request(
        `mutation { requestDeliveryReport(input: { campaignId: "campaign:selzy-main:1" }) { task { id } errors { code } } }`,
      );
      expect(data.requestDeliveryReport.errors).toEqual([]);
      await fetch(notifyUrl, { method: 'POST' });
      return data.requestDeliveryReport.task.id;
    },
    async end(id: string) {
      return until(async () => {
        const { data } = await app.request(taskQuery, { id });
        return data.task.completedAt === null ? null : data.task;
      });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

describe.concurrent('a link', () => {
  test('to what is not public, or not https, is refused without a request', async () => {
    await using trap = await startFiles((_request, response) => response.end('email,send_result\n'));
    await using world = await start(['files.example.com', '127.0.0.2']);
    const { port } = trap;
    for (const [link, why] of [
      [`http://127.0.0.1:${port}/r.csv`, /not https/],
      [`http://localhost:${port}/r.csv`, /not https/],
      ['http://example.com/r.csv', /not https/],
      [`https://127.0.0.1:${port}/r.csv`, /127\.0\.0\.1 is not a public address/],
      [`https://localhost:${port}/r.csv`, /localhost is not a public address/],
      [`https://[::1]:${port}/r.csv`, /not a public address/],
      [`https://[::ffff:127.0.0.1]:${port}/r.csv`, /not a public address/],
      [`https://2130706433:${port}/r.csv`, /not a public address/],
      ['https://169.254.169.254/latest/meta-data/', /not a public address/],
      ['https://10.0.0.1/r.csv', /not a public address/],
      [`https://somebody:word@127.0.0.1:${port}/r.csv`, /user name or a password/],
      ['ftp://example.com/r.csv', /not https/],
      ['file:///etc/passwd', /not https/],
      ['[URL to AWS]', /no URL/],
      ['r.csv', /no URL/],
    ] as const) {
      const id = await world.request(link);
      const { status, problem, report } = await world.end(id);
      expect([link, status, problem, report]).toEqual([
        link,
        'FAILED',
        { code: 'PROVIDER_BAD_RESPONSE', message: expect.stringMatching(why) },
        null,
      ]);
      expect(world.looks(id)).toBe(1);
    }
    expect(trap.connections()).toBe(0);
  });

  test('that is allowed and leads on to one that is not is refused, without a request to that one', async () => {
    await using trap = await startFiles((_request, response) => response.end('email,send_result\n'));
    let location = '';
    await using first = await startFiles((_request, response) => response.writeHead(302, { location }).end());
    await using world = await start(['127.0.0.1']);
    for (const [to, why] of [
      [`http://localhost:${trap.port}/r.csv`, /not https/],
      [`https://localhost:${trap.port}/r.csv`, /not a public address/],
      ['http://169.254.169.254/latest/meta-data/', /not https/],
      ['file:///etc/passwd', /not https/],
    ] as const) {
      location = to;
      const { status, problem } = await world.end(
        await world.request(`http://127.0.0.1:${first.port}/r.csv`),
      );
      expect([to, status, problem.code, problem.message]).toEqual([
        ...[to, 'FAILED', 'PROVIDER_BAD_RESPONSE'],
        expect.stringMatching(why),
      ]);
    }
    expect([first.connections(), trap.connections()]).toEqual([4, 0]);
  });

  test('that is none can be read all the same, as it was told, or as none', async () => {
    await using world = await start([]);
    for (const link of ['[URL to AWS]', 'r.csv', '//', 7]) {
      const id = await world.request(link);
      await world.end(id);
      const { data, errors } = await world.app.request('query ($id: ID!) { task(id: $id) { id fileUrl } }', {
        id,
      });
      expect([link, data.task?.id, errors]).toEqual([link, id, undefined]);
    }
  });
});

describe.concurrent('what is behind a link', () => {
  test('and is no report is left at once, however long it goes on', async () => {
    await using files = await startFiles((_request, response) => {
      response.write(`<!DOCTYPE html>\n${'<p>Sign in to go on</p>\n'.repeat(20_000)}`);
    });
    await using world = await start(['127.0.0.1']);
    const { status } = await world.end(await world.request(`http://127.0.0.1:${files.port}/r.csv`));
    expect(status).toBe('FAILED');
    expect(files.connections()).toBe(1);
    await until(() => files.open.size === 0, 5_000);
  });

  test('and stands still does not keep the service from stopping', async () => {
    await using files = await startFiles((_request, response) => {
      response.write('email,send_result\na@example.com,ok_read\n');
    });
    await using world = await start(['127.0.0.1']);
    await world.request(`http://127.0.0.1:${files.port}/r.csv`);
    await until(() => files.open.size === 1);
    await world.app.stop();
    await until(() => files.open.size === 0, 5_000);
  });
});
