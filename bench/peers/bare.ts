import { once } from 'node:events';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { changeOf, turns } from '../support/fanout-message.ts';
import { serveFanout } from '../support/fanout-server.ts';

/** The least that any server must do: a loop that sends ready strings to open sockets. */

const messageSchema = z.object({
  type: z.string(),
  payload: z.object({ variables: z.object({ ids: z.tuple([z.string()]) }) }).optional(),
});

/** An id as long as those of clients are. */
const id = '00000000-0000-4000-8000-000000000000';

const subscribers = new Map<string, Set<WebSocket>>();
let server: WebSocketServer | null = null;
let next = turns(1);

function serve(socket: WebSocket): void {
  socket.on('message', (data) => {
    const { type, payload } = messageSchema.parse(JSON.parse(String(data)));
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
    if (!payload) return;
    const [campaign] = payload.variables.ids;
    const known = subscribers.get(campaign);
    if (known) known.add(socket);
    else subscribers.set(campaign, new Set([socket]));
    socket.on('close', () => subscribers.get(campaign)?.delete(socket));
  });
}

serveFanout({
  async start(campaigns) {
    next = turns(campaigns);
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', serve);
    await once(server, 'listening');
    const { port } = z.object({ port: z.number() }).parse(server.address());
    return `ws://127.0.0.1:${port}/graphql`;
  },
  publish(changes) {
    for (let left = changes; left > 0; left -= 1) {
      const { place, revision } = next();
      const change = changeOf(place, revision);
      const text = JSON.stringify({ id, type: 'next', payload: { data: { campaignUpdated: change } } });
      for (const socket of subscribers.get(change.campaign.id) ?? []) socket.send(text);
    }
  },
  async stop() {
    for (const socket of server?.clients ?? []) socket.terminate();
    server?.close();
  },
});
