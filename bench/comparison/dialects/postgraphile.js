import { decimal, moment, sortedGroups, whole } from '../normal-form.js'

/** How PostGraphile is asked each query, and what its answers mean. */
export const postgraphile = {
  a: {
    document: `query One($id: UUID!) {
      userByRowId(rowId: $id) { rowId email displayName department status createdAt }
    }`,
    answer: ({ userByRowId: user }) => ({
      id: user.rowId,
      email: user.email,
      name: user.displayName,
      department: user.department,
      status: user.status,
      createdAt: moment(user.createdAt),
    }),
  },
  b: {
    document: `query Latest($first: Int!) {
      allUsageEvents(first: $first, orderBy: [OCCURRED_AT_DESC, ROW_ID_DESC]) {
        nodes {
          rowId occurredAt inputTokens outputTokens totalCost
          userByUserId { displayName email teamByTeamId { name } }
          tool { name vendor }
        }
      }
    }`,
    answer: ({ allUsageEvents }) =>
      allUsageEvents.nodes.map(({ userByUserId: user, ...event }) => ({
        id: event.rowId,
        occurredAt: moment(event.occurredAt),
        inputTokens: whole(event.inputTokens),
        outputTokens: whole(event.outputTokens),
        cost: decimal(event.totalCost),
        user: { name: user.displayName, email: user.email, team: user.teamByTeamId.name },
        tool: event.tool,
      })),
  },
  c: {
    document: `query Teams($teams: Int!, $members: Int!, $events: Int!) {
      allTeams(first: $teams) {
        nodes {
          name
          teamMembersByTeamId(first: $members, orderBy: [USER_ID_ASC]) {
            nodes {
              userByUserId {
                displayName
                usageEventsByUserId(first: $events, orderBy: [OCCURRED_AT_DESC, ROW_ID_DESC]) {
                  nodes { occurredAt inputTokens tool { name } }
                }
              }
            }
          }
        }
      }
    }`,
    answer: ({ allTeams }) =>
      allTeams.nodes.map(({ name, teamMembersByTeamId }) => ({
        name,
        members: teamMembersByTeamId.nodes.map(({ userByUserId: { displayName, usageEventsByUserId } }) => ({
          name: displayName,
          events: usageEventsByUserId.nodes.map(({ occurredAt, inputTokens, tool }) => ({
            occurredAt: moment(occurredAt),
            inputTokens: whole(inputTokens),
            tool: tool.name,
          })),
        })),
      })),
  },
  d: {
    document: `query Totals {
      comparisonUsageTotals { nodes { toolId month events inputTokens outputTokens totalCost } }
    }`,
    answer: ({ comparisonUsageTotals }) =>
      sortedGroups(
        comparisonUsageTotals.nodes.map((total) => ({
          toolId: total.toolId,
          month: moment(total.month),
          events: whole(total.events),
          inputTokens: whole(total.inputTokens),
          outputTokens: whole(total.outputTokens),
          cost: decimal(total.totalCost),
        })),
      ),
  },
  e: {
    document: `mutation Record($event: UsageEventInput!) {
      createUsageEvent(input: { usageEvent: $event }) { usageEvent { rowId } }
    }`,
    // It stores what it is told: what the gateway derives is told as well.
    variables: (event) => ({
      event: {
        ...event,
        inputTokens: String(event.inputTokens),
        outputTokens: String(event.outputTokens),
        totalTokens: String(event.inputTokens + event.outputTokens),
      },
    }),
    answer: ({ createUsageEvent }) => createUsageEvent.usageEvent.rowId,
    pattern: '^\\{"data":\\{"createUsageEvent":\\{"usageEvent":\\{"rowId":"[0-9a-f-]{36}"\\}\\}\\}\\}\\n?$',
  },
}
