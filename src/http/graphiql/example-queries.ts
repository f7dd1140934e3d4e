import type { GraphqlApi } from '../../graphql/api.js'

/** What the first tabs of GraphiQL hold, for each endpoint; written for people who explore usage. */
export const exampleQueries: Record<GraphqlApi['name'], readonly string[]> = {
  tenant: [
    `# Put the cursor into a query and press Ctrl-Enter, or choose one at the round button.
# Below, under Headers: org-id is the organization, authorization proves who you are.
# Left, under the book: everything there is to ask for. Ctrl-Space completes words.

# The latest uses of AI tools: who, with what, at what cost.
query LatestUsage {
  usageEvents(first: 10, orderBy: [{ field: OCCURRED_AT, direction: DESC }]) {
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
    groupBy: [{ field: OCCURRED_AT, bucket: MONTH }, { field: MODEL_NAME }, { field: CURRENCY }]
  ) {
    group { occurredAt modelName }
    count
    sum { inputTokens outputTokens totalCost { amount currency } }
  }
}

# Who uses the most; days begin in the time zone you name.
query TokensByPersonAndDay {
  usageEventsAggregate(
    groupBy: [{ field: OCCURRED_AT, bucket: DAY, timeZone: "Europe/Berlin" }, { field: USER_ID }]
    first: 100
  ) {
    group { occurredAt user { displayName team { name } } }
    count
    sum { totalTokens }
  }
}
`,
    `# People and the teams they work in. Ask for the next page with after: "<endCursor>".
query PeopleAndTeams {
  teams(first: 20, orderBy: [{ field: NAME, direction: ASC }]) {
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
# Below, under Headers: authorization proves who you are; no org-id is needed.
query WhoAmI {
  me { email emailVerified mfaEnabled lastLoginAt }
  myOrganizations {
    organization { key name plan }
    role
    state
    joinedAt
  }
}
`,
  ],
  platform: [
    `# The control plane: organizations and their schemas. Only platform admins are served here.
query Organizations {
  organizations(first: 20, orderBy: [{ field: MEMBER_COUNT, direction: DESC }]) {
    totalCount
    nodes {
      key
      name
      plan
      state
      modules
      memberCount
      schemaVersions { module version }
      lastError
    }
  }
  fleet {
    tenants { total upToDate behind failed }
    modules { module latest tenants upToDate }
  }
}
`,
    `# Organizations that are not served, and why.
query NotServed {
  organizations(filter: { state: { notIn: [ACTIVE, DELETED] } }) {
    nodes { key name state stateChangedAt lastError deleteAfter }
  }
}
`,
  ],
}
