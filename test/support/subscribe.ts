import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import type { GraphQLAnswer } from './app.ts';
import { until } from './wait.ts';

/** What a subscription has been told so far. */
export interface Subscribed extends Disposable {
  /** The payloads' one field, newest last. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the answers to its own subscription
  readonly events: any[];
  readonly errors: unknown[];
  readonly ended: boolean;
  /** Waits until so many events have come. */
  atLeast(count: number): Promise<void>;
}

/** @param authorization "Bearer <token>" */
type Subscribe = (
  url: string,
  query: string,
  variables?: Readonly<Record<string, unknown>>,
  authorization?: string,
) => Subscribed;

/** Over WebSocket, with the official client of graphql-ws. */
export const overWebSocket: Subscribe = (url, query, variables = {}, authorization) => {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(authorization !== undefined && { connectionParams: { authorization } }),
  });
  const told = collect();
  const end = client.subscribe<Record<string, unknown>>(
    { query, variables },
    {
      next: told.answer,
      error: (error) => told.end(error),
      complete: () => told.end(),
    },
  );
  return told.until(() => {
    end();
    // It may still be connecting, and fail to.
    Promise.resolve(client.dispose()).catch(() => {});
  });
};

/** Over SSE, a request for the operation, read as the standard describes it. */
export const overSse: Subscribe = (url, query, variables = {}, authorization) => {
  const ending = new AbortController();
  const told = collect();
  const headers = authorization === undefined ? {} : { authorization };
  readEvents(url, { query, variables }, { headers, signal: ending.signal }, told.answer).then(
    () => told.end(),
    (error: unknown) => told.end(ending.signal.aborted ? undefined : error),
  );
  return told.until(() => ending.abort());
};

function collect() {
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the answers to its own subscription
  const events: any[] = [];
  const errors: unknown[] = [];
  let ended = false;
  return {
    answer({
      data,
      errors: found,
    }: {
      readonly data?: GraphQLAnswer['data'];
      readonly errors?: readonly unknown[] | undefined;
    }) {
      if (found) errors.push(...found);
      if (data) events.push(Object.values(data)[0]);
    },
    end(error?: unknown) {
      ended = true;
      if (error !== undefined) errors.push(...(Array.isArray(error) ? error : [error]));
    },
    until(stop: () => void): Subscribed {
      return {
        events,
        errors,
        get ended() {
          return ended;
        },
        async atLeast(count) {
          await until(() => events.length >= count || errors.length > 0 || null, 15_000);
          if (events.length < count) throw new Error(`The subscription failed: ${JSON.stringify(errors)}`);
        },
        [Symbol.dispose]: stop,
      };
    },
  };
}

async function readEvents(
  url: string,
  body: object,
  { headers, signal }: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
  onAnswer: (answer: GraphQLAnswer) => void,
): Promise<void> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.body) throw new Error(`No stream, but HTTP ${response.status}.`);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n');
      if (lines.includes('event: complete')) return;
      const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim());
      if (data.length > 0) onAnswer(JSON.parse(data.join('\n')));
    }
  }
}
