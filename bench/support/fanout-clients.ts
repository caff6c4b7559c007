import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { answerParent, cpuMs } from './child.ts';
import { campaignId, subscription } from './fanout-message.ts';
import { systemMs } from './fanout-server.ts';
import { createFrameReader, textFrame } from './frames.ts';

/** Clients that only count what they get: less work than any real one has, so that the server is what is measured. */

interface Client {
  readonly socket: Socket;
  received: number;
  last: () => string;
}

let clients: Client[] = [];
let received = 0;
let wanted = Number.POSITIVE_INFINITY;
let reached = () => {};
/** While times are taken: when each message came, by its client and its place among that client's messages. */
let times: number[][] | null = null;

const connectSchema = z.object({ url: z.string(), clients: z.number(), campaigns: z.number() });
const delaysSchema = z.object({ made: z.array(z.number()), campaigns: z.number() });
/** So many connect at the same moment. */
const atOnce = 100;

async function open(url: string, place: number, campaigns: number): Promise<Client> {
  const { port, hostname, pathname } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, noDelay: true });
  const client: Client = { socket, received: 0, last: () => '' };
  const subscribed = Promise.withResolvers<void>();
  socket.on('error', subscribed.reject);
  await once(socket, 'connect');
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
  );
  const [greeting]: unknown[] = await once(socket, 'data');
  if (!String(greeting).startsWith('HTTP/1.1 101')) throw new Error(`Refused: ${String(greeting)}`);
  let isAcknowledged = false;
  const read = createFrameReader({
    onText(payload) {
      if (isAcknowledged) return hear(client, place, payload);
      isAcknowledged = true;
      if (!payload().includes('connection_ack')) subscribed.reject(new Error(payload()));
      const variables = { ids: [campaignId(place % campaigns)] };
      const id = `00000000-0000-4000-8000-${String(place).padStart(12, '0')}`;
      const message = { id, type: 'subscribe', payload: { query: subscription, variables } };
      socket.write(textFrame(JSON.stringify(message)), () => subscribed.resolve());
    },
    pong: (frame) => socket.write(frame),
  });
  socket.on('data', read);
  socket.write(textFrame('{"type":"connection_init"}'));
  await subscribed.promise;
  return client;
}

function hear(client: Client, place: number, payload: () => string): void {
  client.last = payload;
  times?.[place]?.push(systemMs());
  client.received += 1;
  received += 1;
  if (received >= wanted) reached();
}

answerParent(
  {
    cpuMs,
    async connect(value) {
      const { url, clients: count, campaigns } = connectSchema.parse(value);
      clients = [];
      for (let place = 0; place < count; place += atOnce) {
        const places = Array.from({ length: Math.min(atOnce, count - place) }, (_, offset) => place + offset);
        clients.push(...(await Promise.all(places.map((one) => open(url, one, campaigns)))));
      }
    },
    /** Forgets what has come so far. @param value whether times are to be taken */
    reset(value) {
      received = 0;
      for (const client of clients) client.received = 0;
      times = value === true ? clients.map(() => []) : null;
    },
    /** Answers once so many messages have come. */
    async received(value) {
      wanted = z.number().parse(value);
      if (received < wanted) {
        await new Promise<void>((resolve) => {
          reached = resolve;
        });
      }
      return received;
    },
    /** The lowest and the highest number of messages that a client has got. */
    spread() {
      const counts = clients.map((client) => client.received);
      return { least: Math.min(...counts), most: Math.max(...counts) };
    },
    /**
     * @param value when each change was made, of one campaign after another
     * @returns the milliseconds from there to each message
     */
    delays(value) {
      const { made, campaigns } = delaysSchema.parse(value);
      return (times ?? []).flatMap((own, client) =>
        own.map((time, turn) => time - (made[turn * campaigns + (client % campaigns)] ?? Number.NaN)),
      );
    },
    /** From now on nobody reads. */
    pause() {
      for (const { socket } of clients) socket.pause();
    },
    resume() {
      for (const { socket } of clients) socket.resume();
    },
    /** Of how many clients the newest message has these words in it. */
    have(words) {
      return clients.filter(({ last }) => last().includes(String(words))).length;
    },
    disconnect() {
      for (const { socket } of clients) socket.destroy();
      clients = [];
    },
  },
  async () => {},
);
