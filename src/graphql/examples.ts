/** What GraphiQL opens with, a tab each. Tests run every one of them. */
export const exampleTabs = [
  {
    query: `# Every campaign of every account, the last one that changed first.
# Ctrl-Enter runs it; the book at the top left has the documentation of every field.
query Campaigns {
  campaigns(first: 20) {
    totalCount
    nodes {
      id
      name
      provider { title }
      channel
      status
      providerStatus
      progress
      stats { recipients sent delivered opened clicked rates { delivery open click } }
      freshness { observedAt stale reason }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  },
  {
    query: `# Every change of every campaign, as it is seen. Run it and wait a few seconds.
# "cursor" is your place: give the last one as \`after\` and you miss nothing.
subscription Changes {
  campaignUpdated {
    cursor
    campaign { id name provider { title } }
    kinds
    transitions { from to providerStatus }
    changedFields
    stats { sent delivered opened }
  }
}
`,
  },
  {
    query: `# Only changes of status, of campaigns that are being sent or stop to be.
subscription Statuses {
  campaignStatusChanged(filter: { statuses: [SENDING] }) {
    at
    campaign { id name }
    transitions { from to }
  }
}
`,
  },
  {
    query: `# What is going on, in numbers.
query Summary {
  campaignSummary {
    total
    byStatus { status count }
    stats { recipients sent delivered opened clicked rates { delivery open click } }
  }
  accounts {
    name
    provider { title capabilities }
    health { state since problem { code message } }
    budget { limit windowSeconds used }
  }
}
`,
  },
  {
    query: `# The campaigns that are being sent now, with where each has been.
query Sending {
  campaigns(filter: { statuses: [SENDING] }, orderBy: { field: NAME, direction: ASC }, first: 5) {
    nodes {
      name
      throughput { perSecond reported estimatedFinishAt }
      history(first: 5) { nodes { at kinds transitions { from to } changedFields } }
      series(points: 20) { at stats { sent delivered opened } }
    }
  }
}
`,
  },
  {
    query: `# Follow a campaign that its provider can't list (put your account and its id there).
mutation Follow {
  followCampaign(account: "appizer-main", externalId: "camp_101") {
    campaign { id status stats { recipients sent } }
    errors { code message path }
  }
}
`,
  },
] as const;
