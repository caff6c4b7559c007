import { connect } from 'node:net';
import WebSocket from 'ws';
import { z } from 'zod';
import { errorList, graphqlAnswer } from './fuzz-answer.ts';

/** What the server may send (graphql-ws, PROTOCOL.md). */
const serverMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('connection_ack'), payload: z.unknown().optional() }),
  z.strictObject({ type: z.enum(['ping', 'pong']), payload: z.unknown().optional() }),
  z.strictObject({ type: z.literal('next'), id: z.string(), payload: graphqlAnswer }),
  z.strictObject({ type: z.literal('error'), id: z.string(), payload: errorList }),
  z.strictObject({ type: z.literal('complete'), id: z.string() }),
]);

/** How the server may close: not with 1011 or 4500, which would be faults of its own. */
const closeCodes = [1000, 1002, 1003, 1005, 1007, 1009, 1013, 4400, 4401, 4403, 4406, 4408, 4409, 4429];

export interface FuzzSocketOptions {
  readonly protocols: string | string[];
  /** What no message may hold. */
  readonly secrets: readonly string[];
}

/** A connection to a WebSocket endpoint that checks all that comes, and writes whatever it is told. */
export async function openFuzzSocket(url: string, { protocols, secrets }: FuzzSocketOptions) {
  const { hostname, port } = new URL(url);
  const wire = connect(Number(port), hostname);
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocols, {
    createConnection: () => wire,
    perMessageDeflate: false,
  });
  const faults: string[] = [];
  const pongs = new Map<string, () => void>();
  /** Whether a break is no fault of the server: it agreed on no protocol, or was sent what is none. */
  let isOurs = true;
  let acknowledged = () => {};
  let sent = 0;

  const closed = new Promise<void>((resolve) => {
    socket.on('close', (code) => {
      if (!isOurs && !closeCodes.includes(code)) faults.push(`It was closed with ${code}.`);
      resolve();
    });
  });
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const text = String(data);
    const parsed = serverMessage.safeParse(JSON.parse(text));
    if (!parsed.success) faults.push(`${z.prettifyError(parsed.error)} in ${text.slice(0, 1_000)}`);
    else if (parsed.data.type === 'pong') pongs.get(wordOf(parsed.data.payload))?.();
    else if (parsed.data.type === 'connection_ack') acknowledged();
    for (const secret of secrets) if (text.includes(secret)) faults.push(`"${secret}" stands in ${text}`);
  });
  const opened = new Promise<void>((resolve) => {
    socket.once('open', () => {
      isOurs = false;
      resolve();
    });
  });
  await Promise.race([opened, closed]);

  return {
    /** How many messages went out, however many frames each took. */
    get sent() {
      return sent;
    },

    send(data: string | Buffer, options: { readonly binary?: boolean; readonly fin?: boolean } = {}): void {
      if (socket.readyState !== socket.OPEN) return;
      socket.send(data, options, () => {});
      if (options.fin !== false) sent += 1;
    },

    /** Resolves once the server has let us in, or has closed. */
    async greet(payload: unknown): Promise<void> {
      const greeted = new Promise<void>((resolve) => {
        acknowledged = resolve;
      });
      this.send(JSON.stringify({ type: 'connection_init', payload }));
      await Promise.race([greeted, closed]);
    },

    ping(): void {
      if (socket.readyState === socket.OPEN) socket.ping('a', true, () => {});
    },

    /** Past WebSocket's own form. */
    write(bytes: Buffer): void {
      isOurs = true;
      wire.write(bytes);
    },

    /** Resolves once the server has read all that was sent, or has closed. */
    async read(): Promise<void> {
      const word = String(pongs.size);
      const answered = new Promise<void>((resolve) => pongs.set(word, resolve));
      this.send(JSON.stringify({ type: 'ping', payload: { word } }));
      await Promise.race([answered, closed]);
    },

    /** @throws with what came that should not have */
    async end(how: 'close' | 'terminate'): Promise<void> {
      if (how === 'terminate') isOurs = true;
      socket[how]();
      await closed;
      if (faults.length > 0) throw new Error(faults.join('\n'));
    },
  };
}

export type FuzzSocket = Awaited<ReturnType<typeof openFuzzSocket>>;

const marked = z.object({ word: z.string() });

function wordOf(payload: unknown): string {
  return marked.safeParse(payload).data?.word ?? '';
}
