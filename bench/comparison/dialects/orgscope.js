import { encodeId } from '../../../dist/entity/global-id.js'
import { decimal, moment, rowId, sortedGroups, whole } from '../normal-form.js'

/** How the gateway is asked each query, and what its answers mean. */
export const orgscope = {
  a: {
    document: `query One($id: ID!) { user(id: $id) { id email displayName department status createdAt } }`,
    variables: ({ id }) => ({ id: encodeId('User', [id]) }),
    answer: ({ user }) => ({
      id: rowId(user.id),
      email: user.email,
      name: user.displayName,
      department: user.department,
      status: user.status.toLowerCase(),
      createdAt: moment(user.createdAt),
    }),
  },
  b: {
    document: `query Latest($first: Int!) {
      usageEvents(first: $first) {
        nodes {
          id occurredAt inputTokens outputTokens
          totalCost { amount }
          user { displayName email team { name } }
          tool { name vendor }
        }
      }
    }`,
    answer: ({ usageEvents }) =>
      usageEvents.nodes.map(({ id, occurredAt, inputTokens, outputTokens, totalCost, user, tool }) => ({
        id: rowId(id),
        occurredAt: moment(occurredAt),
        inputTokens: whole(inputTokens),
        outputTokens: whole(outputTokens),
        cost: decimal(totalCost.amount),
        user: { name: user.displayName, email: user.email, team: user.team.name },
        tool,
      })),
  },
  c: {
    document: `query Teams($teams: Int!, $members: Int!, $events: Int!) {
      teams(first: $teams) {
        nodes {
          name
          members(first: $members) {
            nodes {
              displayName
              usageEvents(first: $events) { nodes { occurredAt inputTokens tool { name } } }
            }
          }
        }
      }
    }`,
    answer: ({ teams }) =>
      teams.nodes.map(({ name, members }) => ({
        name,
        members: members.nodes.map(({ displayName, usageEvents }) => ({
          name: displayName,
          events: usageEvents.nodes.map(({ occurredAt, inputTokens, tool }) => ({
            occurredAt: moment(occurredAt),
            inputTokens: whole(inputTokens),
            tool: tool.name,
          })),
        })),
      })),
  },
  d: {
    document: `query Totals {
      usageEventsAggregate(groupBy: [{ field: TOOL_ID }, { field: OCCURRED_AT, bucket: MONTH }]) {
        group { toolId occurredAt }
        count
        sum { inputTokens outputTokens totalCost { amount } }
      }
    }`,
    answer: ({ usageEventsAggregate }) =>
      sortedGroups(
        usageEventsAggregate.map(({ group, count, sum }) => ({
          toolId: rowId(group.toolId),
          month: moment(group.occurredAt),
          events: whole(count),
          inputTokens: whole(sum.inputTokens),
          outputTokens: whole(sum.outputTokens),
          cost: decimal(sum.totalCost?.amount ?? null),
        })),
      ),
  },
  e: {
    document: `mutation Record($events: [RecordUsageInput!]!) { recordUsage(events: $events) { results { id } } }`,
    // Team and department follow from the person, and a sender has no say in them.
    variables: ({ occurredAt, userId, toolId, inputTokens, outputTokens }) => ({
      events: [
        {
          occurredAt,
          userId: encodeId('User', [userId]),
          toolId: encodeId('Tool', [toolId]),
          inputTokens,
          outputTokens,
        },
      ],
    }),
    answer: ({ recordUsage }) => rowId(recordUsage.results[0].id),
    pattern: '^\\{"data":\\{"recordUsage":\\{"results":\\[\\{"id":"[\\w-]+"\\}\\]\\}\\}\\}\\n?$',
  },
}
