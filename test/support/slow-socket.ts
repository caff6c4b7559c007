import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import WebSocket, { type ClientOptions } from 'ws';
import { z } from 'zod';

/** What a slow client's subscriptions ask for; `sender` is there to be long. */
export const slowChanges = `subscription ($ids: [ID!], $after: String) {
  campaignUpdated(ids: $ids, after: $after) {
    cursor cause fromRevision revision transitions { from to } stats { sent } campaign { id status sender }
  }
}`;

const change = z.object({
  cursor: z.string(),
  cause: z.string(),
  fromRevision: z.number(),
  revision: z.number(),
  transitions: z.array(z.object({ from: z.string().nullable(), to: z.string() })),
  stats: z.object({ sent: z.number() }),
  campaign: z.object({ id: z.string(), status: z.string() }),
});
const answer = z.object({ data: z.object({ campaignUpdated: change }) });
const message = z.object({ type: z.string(), payload: z.unknown().optional() });

export type Change = z.infer<typeof change>;

/** A client of one subscription, which reads only when it is told to. */
export interface SlowClient extends Disposable {
  readonly events: readonly Change[];
  stopReading(): void;
  readOn(): void;
  /** Reads on until an event has come, and then stops again. */
  readOne(): Promise<void>;
  /** null: its connection is open. Else the close code; 1006 also where SSE ends without a word. */
  readonly closeCode: number | null;
}

export interface SlowRequest {
  readonly ids: readonly string[];
  readonly after?: string;
}

/** A socket that has been greeted as graphql-transport-ws asks. */
export async function openSocket(url: string, options: ClientOptions = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', options);
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  return socket;
}

export function subscribeOver(socket: WebSocket, id: string, query: string, variables: object): void {
  socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }));
}

/** What reads one event at a time of something that can be paused. */
function oneAtATime(source: { pause(): void; resume(): void }) {
  let onEvent = () => {};
  return {
    /** An event has come. */
    came: () => onEvent(),
    readOne: () =>
      new Promise<void>((resolve) => {
        onEvent = () => {
          onEvent = () => {};
          source.pause();
          resolve();
        };
        source.resume();
      }),
  };
}

/** Over WebSocket; its socket is to be had for what the protocol allows besides. */
export async function slowWebSocket(
  url: string,
  variables: SlowRequest,
  options: ClientOptions = {},
): Promise<SlowClient & { readonly socket: WebSocket }> {
  const events: Change[] = [];
  let closeCode: number | null = null;
  const socket = await openSocket(url, options);
  const { came, readOne } = oneAtATime(socket);
  socket.on('message', (data) => {
    const { type, payload } = message.parse(JSON.parse(String(data)));
    if (type !== 'next') return;
    events.push(answer.parse(payload).data.campaignUpdated);
    came();
  });
  socket.on('close', (code) => {
    closeCode = code;
  });
  subscribeOver(socket, '1', slowChanges, variables);
  return {
    socket,
    events,
    stopReading: () => socket.pause(),
    readOn: () => socket.resume(),
    readOne,
    get closeCode() {
      return closeCode;
    },
    [Symbol.dispose]: () => socket.terminate(),
  };
}

/** Over SSE; `after` is told as browsers do. */
export async function slowSse(
  url: string,
  { ids, after }: SlowRequest,
): Promise<SlowClient & { readonly text: () => string }> {
  const events: Change[] = [];
  let closeCode: number | null = null;
  let text = '';
  const asking = request(`${url}/graphql`, {
    method: 'POST',
    agent: false,
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...(after !== undefined && { 'last-event-id': after }),
    },
  });
  asking.on('error', () => {});
  asking.end(JSON.stringify({ query: slowChanges, variables: { ids } }));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asking.once('response', resolve).once('error', reject);
  });
  const { came, readOne } = oneAtATime(response);
  let rest = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      text += `${block}\n\n`;
      const json = /^data: (.+)$/m.exec(block)?.[1];
      if (!json) continue;
      events.push(answer.parse(JSON.parse(json)).data.campaignUpdated);
      came();
    }
  });
  response.on('error', () => {});
  response.on('close', () => {
    closeCode = 1006;
  });
  return {
    events,
    /** All that came, in whole blocks. */
    text: () => text,
    stopReading: () => void response.pause(),
    readOn: () => void response.resume(),
    readOne,
    get closeCode() {
      return closeCode;
    },
    [Symbol.dispose]: () => void response.destroy(),
  };
}

/** The same over either. */
export const slowTransports = [
  ['WebSocket', slowWebSocket],
  ['SSE', slowSse],
] as const;
