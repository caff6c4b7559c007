import { type Call, createHttp, type HttpRequest, type RateLimit } from '../../src/providers/http.ts';
import type { RequestOutcome } from '../../src/providers/trouble.ts';
import { type Answer, type Received, startSampleServer } from './sample-server.ts';

export const person: Call = { priority: 'person' };
/** Its server's key. */
export const secret = 'k3y/with "odd" letters';
export const get: HttpRequest = { operation: 'read', path: 'things/1' };

/** A client for a server that answers as told, and what it tells the gate. */
export async function openServer(
  answer: (received: Received) => Answer | Promise<Answer>,
  timeoutMs = 5_000,
) {
  const server = await startSampleServer(answer);
  const finished: [operation: string, outcome: RequestOutcome][] = [];
  const admitted: Call[] = [];
  const pauses: number[] = [];
  const limits: RateLimit[] = [];
  const http = createHttp(
    { baseUrl: `${server.url}/api`, secrets: [secret] },
    {
      timeoutMs,
      gate: {
        admit: async (call) => void admitted.push(call),
        finished: (operation, outcome) => void finished.push([operation, outcome]),
        pause: (ms) => void pauses.push(ms),
        hearLimit: (limit) => void limits.push(limit),
      },
    },
  );
  return {
    server,
    http,
    finished,
    admitted,
    pauses,
    limits,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
