import type { FuzzRequest } from './fuzz-app.ts';
import { tokens } from './fuzz-app.ts';
import type { Dice } from './fuzz-dice.ts';
import { anyOperation, type FuzzedOperation, type Known, type OperationKind } from './fuzz-documents.ts';
import { mangled, tokenSoup, tooMuch } from './fuzz-text.ts';
import { nested, oddText, oddValue } from './fuzz-values.ts';

/** What a body is made of: an operation, or what looks like one. */
type Body = Readonly<Record<string, unknown>>;

/** Operations that take variables of every sort, for values that don't fit. */
const takers = [
  'query ($id: ID!, $n: Int) { campaign(id: $id, maxAgeSeconds: $n) { id history(first: $n) { nodes { at } } } }',
  'query ($f: CampaignFilter, $o: CampaignOrder, $n: Int, $c: String) { campaigns(filter: $f, orderBy: $o, first: $n, after: $c) { totalCount nodes { id } } }',
  'query ($n: Int, $c: String) { campaigns(last: $n, before: $c) { edges { cursor } } }',
  'query ($f: CampaignFilter) { campaignSummary(filter: $f) { total stats { sent rates { open } } } }',
  'query ($id: ID!) { node(id: $id) { __typename id ... on Task { report { rowCount } } } }',
  'query ($a: String!, $f: TaskFilter) { account(name: $a) { id } tasks(filter: $f) { totalCount } }',
  'query ($id: ID!, $n: Int, $d: DateTime) { campaign(id: $id) { series(from: $d, points: $n) { at } } }',
  'mutation ($input: UpdateCampaignInput!) { updateCampaign(input: $input) { errors { code path } } }',
  'mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { errors { code path } } }',
  'mutation ($input: DeleteCampaignsInput!) { deleteCampaigns(input: $input) { deletedIds errors { code } } }',
  'mutation ($input: RequestDeliveryReportInput!) { requestDeliveryReport(input: $input) { task { id } errors { code } } }',
  'mutation ($a: String!, $id: String!) { followCampaign(account: $a, externalId: $id) { campaign { id } errors { code } } }',
] as const;

const variableNames = ['id', 'n', 'f', 'o', 'c', 'a', 'd', 'input', '__proto__', 'constructor', ''] as const;

const members = {
  f: ['ids', 'accounts', 'providers', 'statuses', 'search', 'tags', 'createdAfter', 'deleted', 'campaignId'],
  o: ['field', 'direction'],
  input: [
    'id',
    'ids',
    'account',
    'name',
    'status',
    'settings',
    'idempotencyKey',
    'dryRun',
    'campaignId',
    'changedSince',
    'fieldIds',
  ],
} as const;

/** Values for `takers`: of every type but seldom the right one. */
function oddVariables(dice: Dice, known: Known): Body {
  const valueFor = (name: string): unknown => {
    if (dice.chance(0.4) && (name === 'f' || name === 'o' || name === 'input')) {
      const [first, ...others] = members[name];
      return Object.fromEntries(dice.times(1, 4, () => [dice.oneOf([first, ...others]), oddValue(dice)]));
    }
    if (dice.chance(0.3) && name === 'id') return dice.anyOf(known.ids);
    return oddValue(dice);
  };
  return Object.fromEntries(
    variableNames.filter(() => dice.chance(0.8)).map((name) => [name, valueFor(name)]),
  );
}

/** An operation, seldom harmless: from the schema, changed, without sense, too large or with odd variables. */
export function anyRequest(dice: Dice, known: Known, subscriptions = 0.05): FuzzedOperation {
  const kind = dice.below(20);
  if (kind < 5) return { query: dice.oneOf(takers), variables: oddVariables(dice, known) };
  if (kind === 5) return { query: tokenSoup(dice), variables: {} };
  if (kind === 6) return { query: tooMuch(dice), variables: {} };
  const asked: OperationKind = dice.chance(subscriptions)
    ? 'subscription'
    : dice.oneOf(['query', 'query', 'query', 'mutation']);
  const operation = anyOperation(dice, known, asked);
  return kind < 10 ? { ...operation, query: mangled(dice, operation.query) } : operation;
}

const jsonType = { 'content-type': 'application/json' };

/** A request to /graphql that some client or attacker may send. */
export function anyHttpRequest(dice: Dice, known: Known): FuzzRequest {
  const headers = { ...jsonType, ...authorization(dice) };
  const operation = anyRequest(dice, known);
  const kind = dice.below(20);
  if (kind === 0) return { method: 'POST', path: '/graphql', headers, body: oddBody(dice, operation) };
  if (kind === 1) {
    const parameters = new URLSearchParams({
      query: operation.query.slice(0, 8_000),
      variables: JSON.stringify(operation.variables).slice(0, dice.chance(0.9) ? 6_000 : 9),
    });
    return { method: 'GET', path: `/graphql?${parameters}`, headers: authorization(dice) };
  }
  return { method: 'POST', path: '/graphql', headers, body: JSON.stringify(operation) };
}

/** Most are signed in, with one token or another. */
export function authorization(dice: Dice): Readonly<Record<string, string>> {
  const kind = dice.below(40);
  if (kind === 0) return {};
  if (kind === 1)
    return {
      authorization: dice.oneOf([
        'Bearer ',
        'Bearer x',
        'Basic QTpC',
        `Bearer ${'a.'.repeat(400)}`,
        'bearer',
      ]),
    };
  const [first, ...others] = [
    tokens.operator,
    tokens.viewer,
    tokens.selzyOperator,
    tokens.selzyViewer,
  ] as const;
  return { authorization: `Bearer ${dice.oneOf([first, ...others])}` };
}

function oddBody(dice: Dice, operation: FuzzedOperation): string | Buffer {
  const json = JSON.stringify(operation);
  const kind = dice.below(10);
  if (kind === 0) return json.slice(0, dice.below(json.length));
  if (kind === 1) return JSON.stringify([operation, operation]);
  if (kind === 2) return JSON.stringify({ ...operation, query: oddValue(dice) });
  if (kind === 3) return JSON.stringify({ ...operation, operationName: oddValue(dice) });
  if (kind === 4) return JSON.stringify({ ...operation, variables: oddValue(dice) });
  if (kind === 5) return JSON.stringify({ ...operation, extensions: oddValue(dice) });
  if (kind === 6) return Buffer.concat([Buffer.of(0xff, 0xfe, 0x80), Buffer.from(json)]);
  if (kind === 7)
    return `{"query":"{ __typename }","variables":${nested(dice.oneOf([10, 1_000, 50_000]), dice)}}`;
  if (kind === 8)
    return `{"__proto__":{"query":"{ __typename }"},"query":"{ __typename }","${oddText(dice).slice(0, 1)}`;
  return dice.oneOf([
    '',
    'null',
    '1',
    '"a"',
    '[]',
    '{}',
    'query={__typename}',
    '\ufeff{}',
    '{"query":"{ a }"}x',
  ]);
}
