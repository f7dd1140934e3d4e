import type { GraphqlApi } from '../../graphql/api.js'

/** What the first tabs of GraphiQL hold, for each endpoint; written for people who explore usage. */
export const exampleQueries: Record<GraphqlApi['name'], readonly string[]> = {
  tenant: [
    `# Put the cursor into a query and press Ctrl-Enter,
# or choose one at the round button.
# Headers, below: the organization, and who you are.
# The book, on the left: everything there is to ask for.

# The latest uses of AI tools: who, what, at what cost.
query LatestUsage {
  usageEvents(
    first: 10
    orderBy: [{ field: OCCURRED_AT, direction: DESC }]
  ) {
    totalCount
    nodes {
      occurredAt
      user { displayName }
      tool { name }
      modelName
      inputTokens
      outputTokens
      totalCost { amount currency }
    }
  }
}

# What each model costs in each month.
query CostByModelAndMonth {
  usageEventsAggregate(
    groupBy: [
      { field: OCCURRED_AT, bucket: MONTH }
      { field: MODEL_NAME }
      { field: CURRENCY }
    ]
  ) {
    group { occurredAt modelName }
    count
    sum { inputTokens outputTokens totalCost { amount currency } }
  }
}

# Who uses how much; days begin in the zone you name.
query TokensByPersonAndDay {
  usageEventsAggregate(
    groupBy: [
      { field: OCCURRED_AT, bucket: DAY, timeZone: "Europe/Berlin" }
      { field: USER_ID }
    ]
    first: 100
  ) {
    group { occurredAt user { displayName team { name } } }
    count
    sum { totalTokens }
  }
}
`,
    `# Everything at once: who uses what, how often, at what cost,
# and how it was in the 30 days before.
query UsageOverview {
  lately: usageEventsAggregate(
    filter: { occurredAt: { range: { last: "P30D" } } }
    groupBy: [{ field: USER_ID }, { field: MODEL_NAME }]
    orderBy: [{ field: SUM_TOTAL_COST, direction: DESC }]
    first: 20
  ) {
    group { user { displayName department } modelName }
    count
    sum { totalTokens totalCost { amount currency } }
  }
  before: usageEventsAggregate(
    filter: { occurredAt: { range: { last: "P30D", ago: "P30D" } } }
    groupBy: [{ field: USER_ID }, { field: MODEL_NAME }]
    orderBy: [{ field: SUM_TOTAL_COST, direction: DESC }]
    first: 20
  ) {
    group { user { displayName department } modelName }
    count
    sum { totalTokens totalCost { amount currency } }
  }
}

# What people of the organization ask again and again.
# createSavedQuery, in a mutation, adds one of yours.
query SavedQueries {
  savedQueries(first: 20) {
    nodes { name description document variables owner { displayName } }
  }
}
`,
    `# People and the teams they work in.
# For the next page add after: "<endCursor>".
query PeopleAndTeams {
  teams(first: 20, orderBy: [{ field: NAME }]) {
    nodes {
      name
      parent { name }
      members(first: 20) { nodes { displayName jobTitle } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  ],
  account: [
    `# What a person sees before choosing an organization.
# Headers, below: who you are; no org-id is needed.

# The keys are what goes into the header org-id.
query MyOrganizations {
  me { email lastLoginAt }
  myOrganizations {
    organization { key name plan }
    role
    state
  }
}
`,
  ],
  platform: [
    `# The control plane, for platform admins: organizations,
# their schemas, the shared catalogue.

# How far the fleet is: which schemas have which migrations.
query Fleet {
  fleet {
    tenants { total upToDate behind failed }
    modules { module latest tenants upToDate }
    shared { version latest isUpToDate }
  }
}

# Every organization with its state.
query Organizations {
  organizations(first: 20) {
    totalCount
    nodes { key name plan state modules memberCount lastError }
  }
}
`,
  ],
}
