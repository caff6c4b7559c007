/** What GraphiQL opens with, a tab each. Tests run every one of them. */
export const exampleTabs = [
  {
    query: `# Every campaign, the last one that changed first.
# Ctrl-Enter runs it. The icon at the top left opens
# the documentation of every type and field.
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
    query: `# Every change of every campaign, as it is seen.
# Run it and wait a few seconds. The cursor is your
# place: come back with it as \`after\`, and nothing
# is missed.
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
    query: `# Changes of status alone, of campaigns that begin
# or cease to be sent.
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
    query: `# What is being sent now, and where it has been.
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
    query: `# Follow a campaign that its provider can't list:
# put your account and the campaign's id there.
mutation Follow {
  followCampaign(account: "appizer-main", externalId: "camp_101") {
    campaign { id status stats { recipients sent } }
    errors { code message path }
  }
}
`,
  },
  {
    query: `# Make a campaign, and watch it in another tab.
# With dryRun everything is checked and nothing done.
mutation Create {
  createCampaign(
    input: {
      account: "octeth-main"
      name: "Winter sale"
      settings: { emailId: "12", audience: { lists: { include: ["1", "2"] } } }
    }
  ) {
    campaign { id status actions { name allowed reason } }
    errors { code message path providerCode }
  }
}
`,
  },
] as const;
