import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { post } from './support/signing-in.ts';
import { asOfNobody, type Party, startTwoParties, type TwoParties } from './support/two-parties.ts';

const campaign = `id name status revision externalId account { id name health { state } budget { used } } provider { id }
  stats { sent } actions { name } freshness { observedAt } raw history { nodes { cursor campaign { id } } }
  series { at } tasks { totalCount nodes { id } }`;
const task = `id status account { name } campaign { ${campaign} } problem { message } fileUrl
  report { rowCount byOutcome { count } rows { totalCount nodes { recipient } } }`;
const campaigns = `totalCount nodes { id } edges { cursor node { id } } pageInfo { startCursor endCursor }`;
const tasks = 'totalCount nodes { id } edges { cursor } pageInfo { startCursor endCursor }';
const summary = 'total byStatus { status count } stats { recipients }';

/** The queries about a party's things, for each field of Query. */
const queries: Readonly<Record<string, (party: Party) => readonly string[]>> = {
  node: (party) =>
    [`account:octeth-${party}`, `campaign:octeth-${party}:1`, world.taskOf(party)].map(
      (id) =>
        `node(id: "${id}") { __typename id ... on Account { account: name } ... on Campaign { name } ... on Task { state: status } }`,
    ),
  providers: () => ['providers { id name title }'],
  accounts: () => ['accounts { id name health { state problem { message } } budget { used } }'],
  account: (party) => [`account(name: "octeth-${party}") { id health { state } }`],
  campaign: (party) => [
    `campaign(id: "campaign:octeth-${party}:1") { ${campaign} }`,
    `campaign(id: "campaign:octeth-${party}:2", maxAgeSeconds: 0) { id }`,
    `campaign(id: "campaign:octeth-${party}:1", maxAgeSeconds: -1) { id }`,
    `campaign(id: "campaign:octeth-${party}:never") { id }`,
    `campaign(id: "campaign:appizer-${party}:never") { id }`,
  ],
  campaigns: (party) => [
    `campaigns(filter: { accounts: ["octeth-${party}"] }) { ${campaigns} }`,
    `campaigns(filter: { ids: ["campaign:octeth-${party}:1"] }) { ${campaigns} }`,
    `campaigns(filter: { ids: ["campaign:octeth-${party}:1", "campaign:octeth-ours01:1"] }) { ${campaigns} }`,
    `campaigns(filter: { search: "campaign", accounts: ["octeth-${party}", "selzy-ours01"] }) { ${campaigns} }`,
    `campaigns(filter: { accounts: ["selzy-${party}"], providers: ["selzy"], deleted: null }, last: 1) { ${campaigns} }`,
  ],
  campaignSummary: (party) => [
    `campaignSummary(filter: { accounts: ["octeth-${party}"] }) { ${summary} }`,
    `campaignSummary(filter: { ids: ["campaign:octeth-${party}:1"] }) { ${summary} }`,
  ],
  task: (party) => [`task(id: "${world.taskOf(party)}") { ${task} }`],
  tasks: (party) => [
    `tasks(filter: { accounts: ["selzy-${party}"] }) { ${tasks} }`,
    `tasks(filter: { campaignId: "campaign:selzy-${party}:1" }) { ${tasks} }`,
  ],
};

let world: TwoParties;

beforeAll(async () => {
  world = await startTwoParties();
  return () => world[Symbol.asyncDispose]();
});

/** An answer, as it comes. */
async function textOf(bearer: string, query: string): Promise<string> {
  const response = await post(world.app.url, { query }, { authorization: bearer });
  return response.text();
}

test('every field of Query is tried', async () => {
  const { data } = await world.ask(
    world.tokens.ours.bearer,
    '{ __schema { queryType { fields { name } } } }',
  );
  const { fields } = z
    .object({ fields: z.array(z.object({ name: z.string() })) })
    .parse(data.__schema.queryType);
  expect(fields.map(({ name }) => name).toSorted()).toEqual(Object.keys(queries).toSorted());
});

describe.each(Object.entries(queries))('%s', (_name, queriesOf) => {
  test("tells the same of others' things as of what there is not, and asks nobody", async () => {
    const { ours, all } = world.tokens;
    const before = world.asked();
    for (const [place, query] of queriesOf('theirs').entries()) {
      const told = await textOf(ours.bearer, `{ ${query} }`);
      expect(asOfNobody(told)).toBe(await textOf(ours.bearer, `{ ${queriesOf('nobody')[place]} }`));
      expect(told).not.toContain('GRAPHQL_');
    }
    expect(world.asked()).toBe(before);
    // Else nothing would have been shown by it.
    const [query] = queriesOf('theirs');
    expect(await textOf(all.bearer, `{ ${query} }`)).not.toMatch(/"errors"|:null\}\}$/);
  });

  test('tells nothing of others beside our own', async () => {
    const { ours, all } = world.tokens;
    for (const query of queriesOf('ours01')) {
      expect(await textOf(ours.bearer, `{ ${query} }`)).not.toContain('theirs');
      // Each answer would have been the same without them, but where the list is of all there is.
      if (queriesOf('theirs')[0] === query) continue;
      expect(withoutTimes(await textOf(ours.bearer, `{ ${query} }`))).toBe(
        withoutTimes(await textOf(all.bearer, `{ ${query} }`)),
      );
    }
  });
});

/** Asking again may be seen in the budget and the freshness. */
function withoutTimes(text: string): string {
  return text.replaceAll(/"(used|observedAt)":("[^"]*"|\d+)/g, '').replaceAll(/ in \d+ s/g, '');
}

test('lists, counts and summaries of all are of ours alone', async () => {
  const query = `{
    accounts { name } campaigns(first: 500) { ${campaigns} } campaignSummary { ${summary} } tasks { ${tasks} }
    deleted: campaigns(filter: { deleted: null }) { totalCount } found: campaigns(filter: { search: "1" }) { totalCount }
  }`;
  const told = async (bearer: string) => (await world.ask(bearer, query)).data;
  const [ours, theirs, all] = [
    await told(world.tokens.ours.bearer),
    await told(world.tokens.theirs.bearer),
    await told(world.tokens.all.bearer),
  ];
  expect(ours.accounts.map(({ name }: { name: string }) => name)).toEqual([
    'octeth-ours01',
    'selzy-ours01',
    'appizer-ours01',
  ]);
  expect([ours.campaigns.totalCount, ours.campaignSummary.total, ours.tasks.totalCount]).toEqual([6, 6, 1]);
  expect([ours.deleted.totalCount, ours.found.totalCount]).toEqual([6, 2]);
  expect(all.campaigns.totalCount).toBe(ours.campaigns.totalCount + theirs.campaigns.totalCount);
  expect(all.tasks.totalCount).toBe(2);
  expect(JSON.stringify(ours)).not.toContain('theirs');
  expect(JSON.stringify(theirs)).not.toContain('ours01');
  expect(JSON.stringify(all)).toContain('theirs');
});

test("others' cursors are places in our own lists, and no more", async () => {
  const { ours, theirs } = world.tokens;
  const lists = `query ($c: String, $t: String) {
    campaigns(after: $c, orderBy: { field: NAME, direction: ASC }) { ${campaigns} }
    before: campaigns(before: $c, last: 9, orderBy: { field: NAME, direction: ASC }) { ${campaigns} }
    tasks(after: $t) { ${tasks} }
  }`;
  const { data: foreign } = await world.ask(theirs.bearer, lists);
  const edges: { cursor: string }[] = foreign.campaigns.edges;
  expect(edges).toHaveLength(6);
  for (const { cursor } of edges) {
    const { data, errors } = await world.ask(ours.bearer, lists, {
      c: cursor,
      t: foreign.tasks.edges[0].cursor,
    });
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).not.toContain('theirs');
    expect([data.campaigns.totalCount, data.tasks.totalCount]).toEqual([6, 1]);
    expect(data.campaigns.nodes.length + data.before.nodes.length).toBe(6);
  }
});

test('metrics are for who sees all accounts', async () => {
  const statusOf = async (authorization?: string) =>
    (await fetch(`${world.app.url}/metrics`, { ...(authorization && { headers: { authorization } }) }))
      .status;
  const { ours, ourReader, all } = world.tokens;
  expect(await statusOf()).toBe(401);
  expect([await statusOf(ours.bearer), await statusOf(ourReader.bearer)]).toEqual([403, 403]);
  expect(await statusOf(all.bearer)).toBe(200);
});
