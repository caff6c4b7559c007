import { describe, expect, test } from 'vitest';
import { type CampaignChange, type SimulatedProvider, startSimulator } from '../src/simulator/simulator.ts';
import { accountAt, providerNames, startTestApp, type TestApp } from './support/app.ts';

type ProviderName = (typeof providerNames)[number];

/** What makes a campaign of a provider be read as of a status, and the statuses that the documents allow actions in. */
interface Table {
  readonly statuses: Readonly<Record<string, CampaignChange>>;
  readonly actions: Readonly<Record<string, readonly string[]>>;
}

const every = [
  'DRAFT',
  'PENDING_APPROVAL',
  'SCHEDULED',
  'QUEUED',
  'SENDING',
  'PAUSED',
  'COMPLETED',
  'FAILED',
  'UNKNOWN',
];

/** docs/actions.md, "What each provider offers"; UNKNOWN may be tried with all of it. */
const tables: Readonly<Record<ProviderName, Table>> = {
  octeth: {
    statuses: {
      DRAFT: { status: 'Draft', scheduleType: 'Not Scheduled' },
      PENDING_APPROVAL: { status: 'Pending Approval' },
      SCHEDULED: { status: 'Ready', scheduleType: 'Future' },
      QUEUED: { status: 'Ready', scheduleType: 'Immediate' },
      SENDING: { status: 'Sending' },
      PAUSED: { status: 'Paused' },
      COMPLETED: { status: 'Sent' },
      FAILED: { status: 'Failed' },
      UNKNOWN: { status: 'Dreaming' },
    },
    actions: {
      UPDATE: every,
      COPY: every,
      APPROVE: ['DRAFT', 'PENDING_APPROVAL', 'UNKNOWN'],
      PAUSE: ['SENDING', 'UNKNOWN'],
      RESUME: ['PAUSED', 'UNKNOWN'],
      CANCEL: every.filter((status) => status !== 'COMPLETED' && status !== 'FAILED'),
      DELETE: every,
    },
  },
  selzy: {
    statuses: {
      PENDING_APPROVAL: { status: 'censor_hold' },
      REJECTED: { status: 'declined' },
      SCHEDULED: { status: 'scheduled' },
      QUEUED: { status: 'waits_schedule' },
      SENDING: { status: 'in_progress' },
      PAUSED: { status: 'stopped' },
      COMPLETED: { status: 'completed' },
      CANCELED: { status: 'canceled' },
      UNKNOWN: { status: 'dreaming' },
    },
    actions: { CANCEL: ['PENDING_APPROVAL', 'SCHEDULED', 'QUEUED', 'UNKNOWN'] },
  },
  bsg: {
    statuses: {
      PENDING_APPROVAL: { status: 'moderation' },
      REJECTED: { status: 'spam' },
      SCHEDULED: { status: 'scheduled' },
      QUEUED: { status: 'creation' },
      SENDING: { status: 'sending' },
      PAUSED: { status: 'paused' },
      COMPLETED: { status: 'done' },
      CANCELED: { status: 'stopped' },
      UNKNOWN: { status: 'dreaming' },
    },
    actions: { CANCEL: ['PENDING_APPROVAL', 'SCHEDULED', 'SENDING', 'PAUSED', 'UNKNOWN'] },
  },
  appizer: {
    statuses: {
      QUEUED: { status: 'pending' },
      SENDING: { status: 'sending' },
      COMPLETED: { status: 'completed' },
      UNKNOWN: { status: 'dreaming' },
    },
    actions: {},
  },
};

const mutations: Readonly<Record<string, string>> = {
  UPDATE: 'updateCampaign',
  COPY: 'copyCampaign',
  APPROVE: 'approveCampaign',
  PAUSE: 'pauseCampaign',
  RESUME: 'resumeCampaign',
  CANCEL: 'cancelCampaign',
  DELETE: 'deleteCampaigns',
};
const names = Object.keys(mutations);

const changingCommands =
  /^(Campaign\.(Approve|Cancel|Copy|Create|Pause|Resume|Update)|Campaigns\.Delete|cancelCampaign|campaign_stop)$/;

function changing({ requests }: SimulatedProvider): string[] {
  return requests.map(({ operation }) => operation).filter((operation) => changingCommands.test(operation));
}

/** Does something to a campaign, and gives the errors. */
async function errorsOf(app: TestApp, action: string, id: string) {
  const mutation = mutations[action] ?? '';
  const inputs: Readonly<Record<string, { type: string; input: object }>> = {
    UPDATE: { type: 'UpdateCampaignInput', input: { id, name: 'Spring sale' } },
    DELETE: { type: 'DeleteCampaignsInput', input: { ids: [id] } },
  };
  const { type, input } = inputs[action] ?? { type: 'CampaignActionInput', input: { id } };
  const query = `mutation ($input: ${type}!) {
    answer: ${mutation}(input: $input) { errors { code message path providerCode } }
  }`;
  const { data, errors } = await app.request(query, { input });
  expect(errors).toBeUndefined();
  return data.answer.errors;
}

interface Known {
  readonly status: string;
  readonly actions: readonly {
    readonly name: string;
    readonly allowed: boolean;
    readonly reason: string | null;
  }[];
}

async function read(app: TestApp, id: string): Promise<Known> {
  const query = 'query ($id: ID!) { campaign(id: $id) { status actions { name allowed reason } } }';
  const { campaign } = (await app.request(query, { id })).data;
  const known = campaign.actions.filter(({ name }: { name: string }) => names.includes(name));
  return { status: campaign.status, actions: known };
}

/** An app that reads nothing by itself once it has begun. */
async function startService(name: ProviderName) {
  const stack = new AsyncDisposableStack();
  const simulator = stack.use(await startSimulator({ campaigns: 0 }));
  const provider: SimulatedProvider = simulator.providers[name];
  const polling = { fastest: 600, slowest: 3_600 };
  const app = stack.use(await startTestApp({ accounts: [accountAt(simulator, name)], polling }));
  const add = (change: CampaignChange) => `campaign:${name}-main:${provider.add(change)}`;
  return { app, provider, add, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** The refusal that was told beforehand, as the mutation words it. */
function refusal(action: string, id: string, code: string, reason: string | null) {
  if (action !== 'DELETE') return { code, message: reason, path: ['id'], providerCode: null };
  return { code, message: `${id}: ${reason}`, path: ['ids', '0'], providerCode: null };
}

describe.concurrent.each(providerNames)('at %s', (name) => {
  const { statuses, actions } = tables[name];

  test.each(Object.entries(statuses))('%s: what is not allowed costs no request', async (status, change) => {
    await using service = await startService(name);
    const { app, provider, add } = service;
    const id = add(change);
    const known = await read(app, id);
    expect(known.status).toBe(status);
    const allowed = known.actions.filter((action) => action.allowed);
    expect(allowed.map((action) => action.name)).toEqual(
      names.filter((action) => actions[action]?.includes(status)),
    );
    for (const { name: action, allowed: isAllowed, reason } of known.actions) {
      if (isAllowed) continue;
      expect(reason).toMatch(/\w{3}/);
      const code = actions[action] ? 'INVALID_STATE' : 'NOT_SUPPORTED';
      expect(await errorsOf(app, action, id)).toEqual([refusal(action, id, code, reason)]);
    }
    expect(changing(provider)).toEqual([]);
  });

  const cases = Object.entries(actions).flatMap(([action, among]) =>
    among.filter((status) => status !== 'UNKNOWN').map((status) => ({ action, status })),
  );
  test('what is allowed is done, by one request', async () => {
    await using service = await startService(name);
    const { app, provider, add } = service;
    for (const { action, status } of cases) {
      const id = add(statuses[status] ?? {});
      await read(app, id);
      const before = changing(provider).length;
      expect(await errorsOf(app, action, id), `${action} of ${status}`).toEqual([]);
      expect(changing(provider).length, `${action} of ${status}`).toBe(before + 1);
    }
  });

  test('nothing can be done with a campaign that is deleted', async () => {
    await using service = await startService(name);
    const { app, provider, add } = service;
    const id = add({});
    await read(app, id);
    provider.remove(id.split(':')[2] ?? '');
    await app.request(`mutation { refreshCampaign(id: "${id}") { campaign { deletedAt } } }`);
    const { actions: told } = await read(app, id);
    expect(told.map((action) => action.allowed)).toEqual(Array(names.length).fill(false));
    for (const { name: action, reason } of told) {
      const code = actions[action] ? 'NOT_FOUND' : 'NOT_SUPPORTED';
      expect(await errorsOf(app, action, id)).toEqual([refusal(action, id, code, reason)]);
    }
    expect(changing(provider)).toEqual([]);
  });

  test('an id that names nothing is NOT_FOUND, one that is none BAD_INPUT', async () => {
    await using service = await startService(name);
    const { app, provider } = service;
    for (const action of names) {
      const code = actions[action] ? 'NOT_FOUND' : 'NOT_SUPPORTED';
      expect(await errorsOf(app, action, `campaign:${name}-main:77`)).toMatchObject([{ code }]);
      expect(await errorsOf(app, action, 'campaign:nobody:77')).toMatchObject([{ code: 'NOT_FOUND' }]);
      for (const malformed of ['', '77', `account:${name}-main`, `campaign:${name}-main:a b`]) {
        const path = action === 'DELETE' ? ['ids', '0'] : ['id'];
        expect(await errorsOf(app, action, malformed)).toMatchObject([{ code: 'BAD_INPUT', path }]);
      }
    }
    expect(changing(provider)).toEqual([]);
  });
});
