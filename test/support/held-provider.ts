import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { z } from 'zod';

/**
 * A provider that knows no campaign, and counts how often it is asked.
 * @param answers when it says so: once `answer` is called, or at once
 */
export async function startProvider(answers: 'when told' | 'at once' = 'when told') {
  const waiting = new Set<ServerResponse>();
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    waiting.add(response);
    response.once('close', () => waiting.delete(response));
    if (answers === 'at once') answer();
  });

  function answer(): void {
    for (const response of waiting) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ success: false, error: 'Not found' }));
    }
    waiting.clear();
  }

  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    get asked() {
      return asked;
    },
    /** How many wait for an answer. */
    get open() {
      return waiting.size;
    },
    answer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
