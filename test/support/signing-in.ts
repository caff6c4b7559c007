import { createHash } from 'node:crypto';
import { once } from 'node:events';
import WebSocket from 'ws';
import { z } from 'zod';
import { until } from './wait.ts';

/** A token: how it is shown, and its entry in the configuration. */
export function tokenOf(
  name: string,
  role: 'viewer' | 'operator' = 'operator',
  accounts: readonly string[] = ['*'],
  extra: object = {},
) {
  const secret = `${name}-s3cret`;
  const sha256 = createHash('sha256').update(secret).digest('hex');
  return { bearer: `Bearer ${secret}`, settings: { name, sha256, role, accounts, ...extra } };
}

/** POSTs to /graphql. @param body text as it is, anything else as JSON */
export function post(
  url: string,
  body: unknown,
  { authorization, ...headers }: Readonly<Record<string, string | undefined>> = {},
): Promise<Response> {
  const told = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(authorization !== undefined && { authorization }),
      ...Object.fromEntries(told),
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const message = z.looseObject({
  type: z.string(),
  id: z.string().optional(),
  payload: z.unknown().optional(),
});

/** A WebSocket without a client's own ideas: what it is told, and what it is closed with. */
export async function connectRaw(url: string, options: WebSocket.ClientOptions = {}) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', options);
  const messages: z.infer<typeof message>[] = [];
  let closed: { readonly code: number; readonly reason: string } | null = null;
  socket.on('error', () => {});
  socket.on('message', (data) => messages.push(message.parse(JSON.parse(String(data)))));
  socket.on('close', (code, reason) => {
    closed = { code, reason: String(reason) };
  });
  await once(socket, 'open');
  const send = (value: object) => socket.send(JSON.stringify(value));
  return {
    socket,
    messages,
    send,
    subscribe: (id: string, query: string, variables: object = {}) =>
      send({ id, type: 'subscribe', payload: { query, variables } }),
    /** Waits for the answer to being greeted. */
    async greet(authorization?: unknown) {
      send({ type: 'connection_init', ...(authorization !== undefined && { payload: { authorization } }) });
      await until(() => closed ?? messages.find(({ type }) => type === 'connection_ack'));
    },
    /** Waits for an operation's first answer. */
    answer: (id: string) => until(() => messages.find((one) => one.id === id)),
    /** Waits until it is closed, and gives the code. */
    closed: async () => (await until(() => closed)).code,
    [Symbol.dispose]: () => socket.terminate(),
  };
}
