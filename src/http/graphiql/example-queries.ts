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
  __typename
}
`,
  ],
  platform: [
    `# The control plane: organizations and their schemas. Only platform admins are served here.
query Platform {
  __typename
}
`,
  ],
}
