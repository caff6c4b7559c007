import { beforeAll, describe, expect, test } from 'vitest';
import { post } from './support/signing-in.ts';
import { asOfNobody, type Party, startTwoParties, type TwoParties } from './support/two-parties.ts';

const errors = 'errors { code message path providerCode }';
const plain = ['copyCampaign', 'approveCampaign', 'pauseCampaign', 'resumeCampaign', 'cancelCampaign'];

/** The mutations of a party's things, for each field of Mutation; `more` goes into the input. */
const mutations: Readonly<Record<string, (party: Party, more?: string) => string>> = {
  followCampaign: (party) =>
    `followCampaign(account: "octeth-${party}", externalId: "1") { campaign { id } ${errors} }`,
  unfollowCampaign: (party) =>
    `unfollowCampaign(id: "campaign:octeth-${party}:1") { campaign { id } ${errors} }`,
  refreshCampaign: (party) =>
    `refreshCampaign(id: "campaign:octeth-${party}:1") { campaign { id } ${errors} }`,
  createCampaign: (party, more = '') =>
    `createCampaign(input: { account: "octeth-${party}", name: "New" ${more} }) { campaign { id } ${errors} }`,
  updateCampaign: (party, more = '') =>
    `updateCampaign(input: { id: "campaign:octeth-${party}:1", name: "New" ${more} }) { campaign { id } ${errors} }`,
  deleteCampaigns: (party, more = '') =>
    `deleteCampaigns(input: { ids: ["campaign:octeth-${party}:1"] ${more} }) { deletedIds ${errors} }`,
  requestDeliveryReport: (party, more = '') =>
    `requestDeliveryReport(input: { campaignId: "campaign:selzy-${party}:1" ${more} }) { task { id } ${errors} }`,
  ...Object.fromEntries(
    plain.map((name) => [
      name,
      (party: Party, more = '') =>
        `${name}(input: { id: "campaign:octeth-${party}:1" ${more} }) { campaign { id } ${errors} }`,
    ]),
  ),
};

let world: TwoParties;

beforeAll(async () => {
  world = await startTwoParties();
  return () => world[Symbol.asyncDispose]();
});

async function textOf(bearer: string, mutation: string): Promise<string> {
  const response = await post(
    world.app.url,
    { query: `mutation { ${mutation} }` },
    { authorization: bearer },
  );
  return response.text();
}

test('every field of Mutation is tried', async () => {
  const { data } = await world.ask(
    world.tokens.ours.bearer,
    '{ __schema { mutationType { fields { name } } } }',
  );
  const fields: { name: string }[] = data.__schema.mutationType.fields;
  expect(fields.map(({ name }) => name).toSorted()).toEqual(Object.keys(mutations).toSorted());
});

describe.each(Object.entries(mutations))('%s', (name, mutationOf) => {
  test.each(['', 'dryRun: true', 'idempotencyKey: "KEY"'])(
    "of others' things is of nothing there is: %s",
    async (more) => {
      if (name === 'requestDeliveryReport' && more.startsWith('dryRun')) return;
      const { octeth } = world.simulator.providers;
      const [campaigns, asked] = [JSON.stringify([...octeth.campaigns]), world.asked()];
      // A key stands for one request: the other one has its own.
      const told = await textOf(
        world.tokens.ours.bearer,
        mutationOf('theirs', more.replace('KEY', `${name} 1`)),
      );
      const unknown = await textOf(
        world.tokens.ours.bearer,
        mutationOf('nobody', more.replace('KEY', `${name} 2`)),
      );
      expect(asOfNobody(told)).toBe(unknown);
      expect(JSON.parse(told).data[name].errors).toMatchObject([{ code: 'NOT_FOUND' }]);
      expect([JSON.stringify([...octeth.campaigns]), world.asked()]).toEqual([campaigns, asked]);
    },
  );
});

test('of several to be deleted, those of others are refused like those that there are not', async () => {
  const remove = (party: Party) => `deleteCampaigns(input: { ids: [
    "campaign:octeth-${party}:2", "campaign:octeth-ours01:77", "campaign:octeth-ours01:2"
  ], dryRun: true }) { deletedIds ${errors} }`;
  const told = await textOf(world.tokens.ours.bearer, remove('theirs'));
  expect(asOfNobody(told)).toBe(await textOf(world.tokens.ours.bearer, remove('nobody')));
  const [theirs, unknown] = JSON.parse(told).data.deleteCampaigns.errors;
  expect({ ...unknown, message: null, path: null }).toEqual({ ...theirs, message: null, path: null });
  expect(unknown.message.replace('ours01:77', 'theirs:2').replace('ours01:77', 'theirs:2')).toBe(
    theirs.message,
  );
});

describe('an idempotency key', () => {
  const copy = (party: Party, key: string) =>
    `mutation { copyCampaign(input: { id: "campaign:octeth-${party}:2", idempotencyKey: "${key}" }) {
      campaign { id } ${errors} } }`;
  const copies = () =>
    world.simulator.providers.octeth.requests.filter(({ operation }) => operation === 'Campaign.Copy').length;

  test('is one for each token: others do what they ask for with it', async () => {
    const { ours, oursToo, all } = world.tokens;
    const before = copies();
    const ids: string[] = [];
    for (const { bearer } of [ours, oursToo, all, ours, oursToo, all]) {
      const { data } = await world.ask(bearer, copy('ours01', 'the-same'));
      expect(data.copyCampaign.errors).toEqual([]);
      ids.push(data.copyCampaign.campaign.id);
    }
    expect(copies() - before).toBe(3);
    expect(new Set(ids).size).toBe(3);
    expect(ids.slice(3)).toEqual(ids.slice(0, 3));
  });

  test('that others have used tells nothing of what they did', async () => {
    const { ours, theirs } = world.tokens;
    const { data: done } = await world.ask(theirs.bearer, copy('theirs', 'used'));
    expect(done.copyCampaign.errors).toEqual([]);
    for (const [key, code] of [
      ['used', 'NOT_FOUND'],
      ['unused', 'NOT_FOUND'],
    ] as const) {
      const { data } = await world.ask(ours.bearer, copy('theirs', key));
      expect(data.copyCampaign).toMatchObject({ campaign: null, errors: [{ code }] });
    }
    // Another request with it is no conflict, as it is another key.
    const { data } = await world.ask(
      theirs.bearer,
      `mutation { updateCampaign(input: { id: "campaign:octeth-theirs:2", name: "Other", idempotencyKey: "unused" }) {
        ${errors} } }`,
    );
    expect(data.updateCampaign.errors).toEqual([]);
  });
});
