import { once } from 'node:events';
import { expect, test } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { z } from 'zod';
import { textFrame } from './frame.ts';

test('messages of any length arrive as they are', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const lengths = [0, 1, 120, 123, 124, 125, 126, 1_000, 65_531, 65_532, 65_533, 65_534, 65_535, 70_000];
  const bodies = [...lengths.map((length) => 'a'.repeat(length)), 'ü€😀'.repeat(20), 'ü€😀'.repeat(9_000)];
  server.on('connection', (_socket, { socket }) => {
    for (const body of bodies) socket.write(textFrame('{"', Buffer.from(body), '}'));
  });
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const received: string[] = [];
  client.on('message', (data, isBinary) => received.push(isBinary ? 'binary' : String(data)));
  await expect.poll(() => received.length).toBe(bodies.length);
  expect(received).toEqual(bodies.map((body) => `{"${body}}`));
  client.terminate();
  server.close();
});
