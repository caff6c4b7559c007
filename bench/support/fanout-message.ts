/** What all servers that are compared are asked, and what they answer. */

export const subscription = `subscription ($ids: [ID!]) {
  campaignUpdated(ids: $ids) {
    cursor fromRevision revision at cause changedFields transitions { from to }
    campaign { id status stats { sent delivered opened clicked } }
  }
}`;

export const account = 'appizer-main';

export function campaignId(place: number): string {
  return `campaign:${account}:camp_${place}`;
}

/** The answer's type definitions, for servers that have no others. */
export const typeDefs = `
  type Query { ok: Boolean }
  type Subscription { campaignUpdated(ids: [ID!]): CampaignChange! }
  type CampaignChange {
    cursor: String!
    fromRevision: Int!
    revision: Int!
    at: String!
    cause: String!
    changedFields: [String!]!
    transitions: [Transition!]!
    campaign: Campaign!
  }
  type Transition { from: String to: String! }
  type Campaign { id: ID! status: String! stats: Stats }
  type Stats { sent: Int delivered: Int opened: Int clicked: Int }
`;

/** A change as an object, alike in size to the service's own. */
export function changeOf(place: number, revision: number) {
  return {
    cursor: `5f0c9a1b2d3e4f60.${revision.toString(36)}`,
    fromRevision: revision - 1,
    revision,
    at: new Date().toISOString(),
    cause: 'POLL',
    changedFields: ['stats.sent', 'stats.delivered'],
    transitions: [],
    campaign: {
      id: campaignId(place),
      status: 'SENDING',
      stats: { sent: revision, delivered: revision, opened: 0, clicked: 0 },
    },
  };
}

/** Gives the place and the revision of one change after another, of each campaign in turn. */
export function turns(campaigns: number): () => { readonly place: number; readonly revision: number } {
  let changes = 0;
  return () => {
    const place = changes % campaigns;
    changes += 1;
    return { place, revision: 1 + Math.ceil(changes / campaigns) };
  };
}
