import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { z } from 'zod';

/** Clients that come, do something for a while, and go: in good order or not. */

export interface ClientsTold {
  /** Connections, operations and events so far. */
  readonly counts: Readonly<Record<'sockets' | 'streams' | 'queries' | 'mutations' | 'events', number>>;
  /** Codes of errors that were told, by how often. */
  readonly errors: ReadonlyMap<string, number>;
}

const subscriptions = [
  'subscription { campaignUpdated { cursor revision campaign { id name status } stats { sent delivered } } }',
  'subscription { campaignStatusChanged { cursor transitions { from to } } }',
  'subscription { accountUpdated { name health { state problem { code } } } }',
  'subscription { taskUpdated { id status report { rowCount } } }',
] as const;

const queries = [
  '{ campaigns(first: 50) { totalCount nodes { id name status stats { sent rates { open } } freshness { stale } } } }',
  '{ campaignSummary { total byStatus { status count } stats { sent } } accounts { name health { state } budget { used } } }',
  '{ campaigns(first: 5) { nodes { id history(first: 10) { nodes { at kinds } } series(points: 50) { at stats { sent } } } } }',
  '{ tasks(first: 10) { nodes { id status report { rowCount rows(first: 20) { nodes { recipient outcome } } } } } }',
  '{ __schema { types { name fields { name } } } }',
] as const;

/** With variables, as clients do: each document that is another would be kept for a while. */
const mutations = [
  'mutation ($id: ID!) { refreshCampaign(id: $id) { errors { code } } }',
  'mutation ($id: ID!) { pauseCampaign(input: { id: $id }) { errors { code } } }',
  'mutation ($id: ID!) { resumeCampaign(input: { id: $id }) { errors { code } } }',
  'mutation ($id: ID!) { updateCampaign(input: { id: $id, name: "Autumn" }) { errors { code } } }',
  'mutation ($id: ID!) { requestDeliveryReport(input: { campaignId: $id }) { errors { code } } }',
] as const;

const answerSchema = z.object({
  data: z.unknown(),
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })).optional(),
});
const idsSchema = z.object({ campaigns: z.object({ nodes: z.array(z.object({ id: z.string() })) }) });

const oneOf = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)];

/**
 * Keeps so many clients busy until the signal.
 * @param url of the service
 */
export function startClients(url: string, signal: AbortSignal) {
  const counts = { sockets: 0, streams: 0, queries: 0, mutations: 0, events: 0 };
  const errors = new Map<string, number>();
  const heard = () => {
    counts.events += 1;
  };
  const notice = (code: string) => errors.set(code, (errors.get(code) ?? 0) + 1);

  async function ask(query: string, variables: object = {}): Promise<unknown> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const answer = answerSchema.parse(await response.json());
    for (const { extensions } of answer.errors ?? []) notice(extensions.code);
    return answer.data;
  }

  async function aWhile(): Promise<void> {
    await delay(200 + Math.random() * 4_000, undefined, { signal }).catch(() => {});
  }

  /** A WebSocket with a few subscriptions, some of which end before it does; one in three is just gone. */
  async function socketClient(): Promise<void> {
    let socket: WebSocket | null = null;
    class Kept extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        socket = this;
      }
    }
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: Kept,
      retryAttempts: 0,
      onNonLazyError: () => {},
    });
    counts.sockets += 1;
    const ends = Array.from({ length: 1 + Math.floor(Math.random() * 5) }, () =>
      client.subscribe(
        { query: oneOf(subscriptions) ?? '' },
        { next: heard, error: () => {}, complete: () => {} },
      ),
    );
    await aWhile();
    ends[0]?.();
    await aWhile();
    if (Math.random() < 0.33) terminate(socket);
    else await client.dispose();
  }

  /** A stream of events that is read for a while and then given up. */
  async function streamClient(): Promise<void> {
    const ending = new AbortController();
    counts.streams += 1;
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({ query: oneOf(subscriptions) }),
      signal: ending.signal,
    });
    const reading = (async () => {
      for await (const _chunk of response.body ?? []) heard();
    })().catch(() => {});
    await aWhile();
    ending.abort();
    await reading;
  }

  async function queryClient(): Promise<void> {
    counts.queries += 1;
    await ask(oneOf(queries) ?? '');
    await delay(20);
  }

  async function mutationClient(): Promise<void> {
    const known = idsSchema.safeParse(await ask('{ campaigns(first: 100) { nodes { id } } }'));
    const id = oneOf(known.data?.campaigns.nodes ?? [])?.id;
    counts.mutations += 1;
    if (id) await ask(oneOf(mutations) ?? '', { id });
    await delay(200);
  }

  async function keepOn(client: () => Promise<void>): Promise<void> {
    while (!signal.aborted) await client();
  }

  const kinds: readonly (readonly [count: number, client: () => Promise<void>])[] = [
    [30, socketClient],
    [10, streamClient],
    [3, queryClient],
    [2, mutationClient],
  ];
  const done = Promise.all(
    kinds.flatMap(([count, client]) => Array.from({ length: count }, () => keepOn(client))),
  );
  const told: ClientsTold = { counts, errors };
  return { told, done };
}

function terminate(socket: WebSocket | null): void {
  socket?.terminate();
}
