import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { expect } from 'vitest';
import { z } from 'zod';
import { until } from './wait.ts';

const started = z.object({ url: z.string() });
const weight = z.object({
  /** On the heap and beside it, after a collection. */
  bytes: z.number(),
  sockets: z.number(),
  handles: z.number(),
  /** What was logged as an error so far, each sort once. */
  unforeseen: z.array(z.string()),
});

export type Weight = z.output<typeof weight>;

export interface FuzzAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface FuzzRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface FuzzApp extends AsyncDisposable {
  readonly url: string;
  /** One request over a connection that is kept, and its whole answer. */
  send(one: FuzzRequest): Promise<FuzzAnswer>;
  weigh(): Promise<Weight>;
  /** Checks that it lives, by the word of /health/live. */
  expectAlive(): Promise<void>;
  /** Waits until no subscription and no connection is left but a few that are kept. */
  untilQuiet(): Promise<void>;
  /**
   * Does the cases of a fuzz, several at a time, and checks in between that the service lives.
   * @throws with the numbers of those that failed, which make them again, and with what was logged
   */
  go(cases: Cases): Promise<void>;
}

export interface Cases {
  readonly from: number;
  readonly to: number;
  readonly seed: number;
  readonly run: (number: number) => Promise<void>;
}

export const tokens = {
  operator: 'token-of-an-operator',
  viewer: 'token-of-a-viewer',
  selzyOperator: 'token-of-an-operator-of-selzy',
  selzyViewer: 'token-of-a-viewer-of-selzy',
} as const;

const tokenOf = (name: keyof typeof tokens, role: string, account: string) => ({
  name,
  role,
  accounts: [account],
  sha256: createHash('sha256').update(tokens[name]).digest('hex'),
});

/** As the section `auth` of the configuration names them. */
export const auth = {
  tokens: [
    tokenOf('operator', 'operator', '*'),
    tokenOf('viewer', 'viewer', '*'),
    tokenOf('selzyOperator', 'operator', 'selzy-main'),
    tokenOf('selzyViewer', 'viewer', 'selzy-main'),
  ],
};

const atATime = 24;
/** Between two looks at whether the service lives. */
const casesPerLook = 100;
/** Then it is no use to go on. */
const mostFailures = 20;

/** Starts the service with a configuration, in a process of its own. It is stopped in good order, and must end so. */
export async function startFuzzApp(configuration: {
  readonly server?: object;
  readonly [section: string]: unknown;
}): Promise<FuzzApp> {
  const argument = JSON.stringify({
    database: 'sqlite::memory:',
    ...configuration,
    server: {
      port: 0,
      publicUrl: 'http://127.0.0.1:9',
      ...configuration.server,
    },
  });
  const child = fork(new URL('fuzz-process.ts', import.meta.url), [argument], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'exit');
  const crashed = ended.then(([status]) => {
    throw new Error(`The service ended (${status}): ${errors}`);
  });
  crashed.catch(() => {});
  const told = () => Promise.race([once(child, 'message'), crashed]);
  const { url } = started.parse((await told())[0]);
  const agent = new Agent({ keepAlive: true, maxSockets: atATime + 8 });

  function send({ body, ...options }: FuzzRequest): Promise<FuzzAnswer> {
    const answered = new Promise<FuzzAnswer>((resolve, reject) => {
      const asking = request(url, { agent, ...options }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
      asking.on('error', reject).end(body);
    });
    return Promise.race([answered, crashed]);
  }

  async function expectAlive(): Promise<void> {
    const { status, body } = await send({ path: '/health/live' });
    expect([status, JSON.parse(body)]).toEqual([200, { status: 'live' }]);
  }

  async function weigh(): Promise<Weight> {
    child.send('weigh');
    return weight.parse((await told())[0]);
  }

  async function subscribers(): Promise<number> {
    const headers = { authorization: `Bearer ${tokens.operator}` };
    const { body } = await send({ path: '/metrics', headers });
    return Number(/^campaign_graph_subscribers (\d+)$/m.exec(body)?.[1]);
  }

  return {
    url,
    send,
    weigh,
    expectAlive,

    async untilQuiet() {
      await until(async () => (await subscribers()) === 0, 20_000);
      agent.destroy();
      // Those to providers are kept, and the one that asks.
      await until(async () => (await weigh()).sockets < 50, 20_000);
    },

    async go({ from, to, seed, run }) {
      const failed: string[] = [];
      let next = from;
      const work = async () => {
        while (next < to && failed.length < mostFailures) {
          const number = next++;
          try {
            await run(number);
            if (number % casesPerLook === 0) await expectAlive();
          } catch (error) {
            failed.push(`Case ${number} of seed ${seed} failed: ${textOf(error)}`);
          }
        }
      };
      await Promise.all(Array.from({ length: atATime }, work));
      if (failed.length > 0) throw new Error([...failed, ...(await weigh()).unforeseen].join('\n\n'));
      await expectAlive();
    },

    async [Symbol.asyncDispose]() {
      agent.destroy();
      if (child.connected) child.disconnect();
      const [status] = await ended;
      if (status !== 0) throw new Error(`The service ended with ${status}: ${errors}`);
    },
  };
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
