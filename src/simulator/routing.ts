import type { IncomingMessage, ServerResponse } from 'node:http';
import { control } from './control.ts';
import { type Answer, json, readIncoming, send, text } from './http.ts';
import type { ProviderServer, SimulatedProvider } from './provider.ts';

type Servers = ReadonlyMap<string, ProviderServer>;

/** What there is, for people: the body of `GET /` and what `npm run simulate` prints. */
export function welcome(providers: ReadonlyMap<string, SimulatedProvider>): string {
  const lines = [...providers].map(
    ([name, { baseUrl, apiKey, campaigns }]) =>
      `  ${name.padEnd(8)} ${baseUrl}   key ${apiKey}   ${campaigns.size} campaigns`,
  );
  return [
    'Simulated campaign providers: Selzy, BSG, Octeth and Appizer.',
    '',
    ...lines,
    '',
    'GET /control lists the campaigns. /control/<provider>/campaigns, /faults and /requests add campaigns,',
    'change them, make things go wrong, and show what was asked.',
    '',
  ].join('\n');
}

function providersOf(servers: Servers): ReadonlyMap<string, SimulatedProvider> {
  return new Map([...servers].map(([name, { provider }]) => [name, provider]));
}

function isBelow(path: string, mount: string): boolean {
  return path === mount || path.startsWith(`${mount}/`);
}

async function route(servers: Servers, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://simulator');
  for (const { endpoints, handle } of servers.values()) {
    const endpoint = endpoints.find(({ mount }) => isBelow(url.pathname, mount));
    if (!endpoint) continue;
    const path = url.pathname.slice(endpoint.mount.length);
    return handle(endpoint, await readIncoming(request, url, path), response);
  }
  const incoming = await readIncoming(request, url, url.pathname);
  const providers = providersOf(servers);
  if (isBelow(url.pathname, '/control')) return send(response, control(providers, incoming));
  if (url.pathname === '/') return send(response, text(200, welcome(providers)));
  send(response, json(404, { error: 'Not found. GET / tells what there is.' }));
}

function problem(error: unknown): Answer {
  // The only RangeErrors are a body that is too large and an id that is not there.
  const status = error instanceof RangeError || error instanceof URIError ? 400 : 500;
  return json(status, { error: error instanceof Error ? error.message : 'Something unknown went wrong.' });
}

/** The listener of the one server: a provider's prefix, /control, or /. */
export function requestListener(servers: Servers) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    route(servers, request, response).catch((error: unknown) => {
      // A request that was aborted, by its client or by `stop`, wants no answer.
      if (!response.headersSent && !response.destroyed) send(response, problem(error));
    });
  };
}
