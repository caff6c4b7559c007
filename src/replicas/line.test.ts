import { once } from 'node:events';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createLine } from './line.ts';

test('it can be stopped while it waits for a connection', async () => {
  const server = createServer((socket) => void socket.on('error', () => {}).resume());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('It listens on no port.');
  const line = createLine({
    url: `postgres://user@127.0.0.1:${address.port}/none`,
    logger: pino({ level: 'silent' }),
    onMessage: () => {},
    onHeard: () => {},
  });
  const connected = once(server, 'connection');
  line.start();
  await connected;
  const stoppedAt = performance.now();
  await line.stop();
  expect(performance.now() - stoppedAt).toBeLessThan(1_000);
  server.close();
});
