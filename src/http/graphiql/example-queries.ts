import type { GraphqlApi } from '../../graphql/api.js'

/** What the first tabs of GraphiQL hold, for each endpoint. */
export const exampleQueries: Record<GraphqlApi['name'], readonly string[]> = {
  tenant: [
    `# Run a query with the round button, or with Ctrl-Enter.
# Below, under Headers: org-id names the organization, authorization proves who you are.

# The latest requests to AI tools: who, which tool, at what cost.
query LatestUsage {
  usageEvents(first: 10) {
    nodes {
      occurredAt
      totalCost { amount currency }
      tool { name }
      user { displayName }
    }
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
