import { z } from 'zod';
import { brokenKinds } from './faults.ts';
import { type Answer, type Incoming, json, parseJson } from './http.ts';
import type { SimulatedProvider } from './provider.ts';

const time = z.number().nullable().exactOptional();
const word = z.string().exactOptional();
const words = z.array(z.string()).exactOptional();
const number = z.number().exactOptional();

const counters = z.strictObject({
  recipients: number,
  messages: number,
  sent: number,
  delivered: number,
  opened: number,
  openedTotal: number,
  clicked: number,
  clickedTotal: number,
  unsubscribed: number,
  complained: number,
  failed: number,
  hardBounced: number,
  softBounced: number,
  undelivered: number,
  expired: number,
  unknown: number,
  notOnService: number,
});

const change = z.strictObject({
  name: word,
  subject: word,
  sender: word,
  senderAddress: word,
  channel: word,
  status: word,
  scheduleType: z.string().nullable().exactOptional(),
  sendTimeZone: z.string().nullable().exactOptional(),
  statusReason: z.string().nullable().exactOptional(),
  createdAt: number,
  scheduledAt: time,
  startedAt: time,
  finishedAt: time,
  tags: words,
  price: number,
  currency: z.string().nullable().exactOptional(),
  warnings: words,
  foreign: z.boolean().exactOptional(),
  counters: counters.exactOptional(),
  extra: z.record(z.string(), z.unknown()).exactOptional(),
});

const newCampaign = change.extend({ externalId: word });

const scope = { times: number, operation: word, externalId: word };
const retryAfterSeconds = number;

/** The faults that are told by their name alone. */
const plainFaults = [
  'unauthorized',
  'hang',
  'drop',
  'dropAnswer',
  'hangAnswer',
  'html',
  'garbage',
  'empty',
  ...brokenKinds,
] as const;

/** A fault and its scope in one object. */
const scopedFault = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('delay'), ms: z.number(), ...scope }),
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    retryAfterSeconds,
    ...scope,
  }),
  z.strictObject({ kind: z.literal('rateLimited'), retryAfterSeconds, ...scope }),
  z.strictObject({
    kind: z.literal('error'),
    code: z.union([z.string(), z.number()]),
    message: word,
    ...scope,
  }),
  ...plainFaults.map((kind) => z.strictObject({ kind: z.literal(kind), ...scope })),
]);

/** Parses a JSON body and hands it on; what does not fit is a 400 that says why. */
function withBody<T>(body: string, schema: z.ZodType<T>, then: (value: T) => Answer): Answer {
  const parsed = schema.safeParse(parseJson(body === '' ? '{}' : body));
  return parsed.success ? then(parsed.data) : json(400, { error: z.prettifyError(parsed.error) });
}

function campaignsAnswer(provider: SimulatedProvider, id: string | null, { method, body }: Incoming): Answer {
  if (id === null) {
    if (method === 'GET') return json(200, [...provider.campaigns.values()]);
    if (method !== 'POST') return notAllowed;
    return withBody(body, newCampaign, (campaign) => json(201, { externalId: provider.add(campaign) }));
  }
  const state = provider.campaigns.get(id);
  if (!state) return json(404, { error: `There is no campaign ${id}.` });
  if (method === 'GET') return json(200, state);
  if (method === 'DELETE') {
    provider.remove(id);
    return json(200, {});
  }
  if (method !== 'PATCH') return notAllowed;
  return withBody(body, change, (changes) => {
    provider.set(id, changes);
    return json(200, provider.campaigns.get(id) ?? {});
  });
}

function faultsAnswer(provider: SimulatedProvider, { method, body }: Incoming): Answer {
  if (method === 'DELETE') {
    provider.clearFaults();
    return json(200, {});
  }
  if (method !== 'POST') return notAllowed;
  return withBody(body, scopedFault, ({ times, operation, externalId, ...fault }) => {
    provider.fault(fault, {
      ...(times === undefined ? {} : { times }),
      ...(operation === undefined ? {} : { operation }),
      ...(externalId === undefined ? {} : { externalId }),
    });
    return json(201, {});
  });
}

const notAllowed = json(405, { error: 'Method not allowed.' });

function overview(providers: ReadonlyMap<string, SimulatedProvider>): Answer {
  const entries = [...providers].map(([name, { baseUrl, apiKey, restrictedKey, campaigns }]) => {
    const listed = [...campaigns.values()].map(({ externalId, name: title, status }) => ({
      externalId,
      name: title,
      status,
    }));
    return [name, { baseUrl, apiKey, restrictedKey, campaigns: listed }];
  });
  return json(200, Object.fromEntries(entries));
}

/** Everything below /control: the same as the functions of `SimulatedProvider`, for people and other processes. */
export function control(providers: ReadonlyMap<string, SimulatedProvider>, incoming: Incoming): Answer {
  const [, , name, what, id, ...rest] = incoming.path.split('/').map(decodeURIComponent);
  if (!name) return incoming.method === 'GET' ? overview(providers) : notAllowed;
  const provider = providers.get(name);
  if (!provider) return json(404, { error: `There is no provider ${name}.` });
  if (rest.length > 0) return json(404, { error: 'Not found.' });
  if (what === 'campaigns') return campaignsAnswer(provider, id ?? null, incoming);
  if (what === 'faults' && id === undefined) return faultsAnswer(provider, incoming);
  if (what === 'requests' && id === undefined) {
    return incoming.method === 'GET' ? json(200, provider.requests) : notAllowed;
  }
  return json(404, { error: 'Not found.' });
}
