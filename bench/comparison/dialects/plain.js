import { decimal, moment, sortedGroups, whole } from '../normal-form.js'

/** How the servers of bench/peers that were written by hand are asked each query, and what their answers mean. */
export const plain = {
  a: {
    document: `query One($id: ID!) { user(id: $id) { id email displayName department status createdAt } }`,
    answer: ({ user: { displayName, createdAt, ...user } }) => ({
      ...user,
      name: displayName,
      createdAt: moment(createdAt),
    }),
  },
  b: {
    document: `query Latest($first: Int!) {
      usageEvents(first: $first) {
        id occurredAt inputTokens outputTokens totalCost
        user { displayName email team { name } }
        tool { name vendor }
      }
    }`,
    answer: ({ usageEvents }) =>
      usageEvents.map(({ id, occurredAt, inputTokens, outputTokens, totalCost, user, tool }) => ({
        id,
        occurredAt: moment(occurredAt),
        inputTokens: whole(inputTokens),
        outputTokens: whole(outputTokens),
        cost: decimal(totalCost),
        user: { name: user.displayName, email: user.email, team: user.team.name },
        tool,
      })),
  },
  c: {
    document: `query Teams($teams: Int!, $members: Int!, $events: Int!) {
      teams(first: $teams) {
        name
        members(first: $members) {
          displayName
          usageEvents(first: $events) { occurredAt inputTokens tool { name } }
        }
      }
    }`,
    answer: ({ teams }) =>
      teams.map(({ name, members }) => ({
        name,
        members: members.map(({ displayName, usageEvents }) => ({
          name: displayName,
          events: usageEvents.map(({ occurredAt, inputTokens, tool }) => ({
            occurredAt: moment(occurredAt),
            inputTokens: whole(inputTokens),
            tool: tool.name,
          })),
        })),
      })),
  },
  d: {
    document: `query Totals { usageTotals { toolId month events inputTokens outputTokens totalCost } }`,
    answer: ({ usageTotals }) =>
      sortedGroups(
        usageTotals.map(({ toolId, month, events, inputTokens, outputTokens, totalCost }) => ({
          toolId,
          month: moment(month),
          events: whole(events),
          inputTokens: whole(inputTokens),
          outputTokens: whole(outputTokens),
          cost: decimal(totalCost),
        })),
      ),
  },
  e: {
    document: `mutation Record($event: UsageEventInput!) { recordUsageEvent(event: $event) { id } }`,
    variables: (event) => ({ event }),
    answer: ({ recordUsageEvent }) => recordUsageEvent.id,
    pattern: '^\\{"data":\\{"recordUsageEvent":\\{"id":"[0-9a-f-]{36}"\\}\\}\\}\\n?$',
  },
}
