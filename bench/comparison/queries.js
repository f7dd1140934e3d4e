/**
 * What every server is asked. `inputs` makes an organization's variables from its samples; `isComplete` refuses an
 * answer that compares equal only because it is empty, given how much each organization holds.
 */
export const QUERIES = {
  a: {
    what: 'one row by id',
    inputs: ({ people }) => people,
    isComplete: ({ id }) => id !== undefined,
  },
  b: {
    what: '50 events with user, team and tool',
    inputs: () => [{ first: 50 }],
    isComplete: (events) => events.length === 50 && events.every(({ user, tool }) => user.team && tool.name),
  },
  c: {
    what: '20 teams × 10 people × 3 latest events × tool',
    inputs: () => [{ teams: 20, members: 10, events: 3 }],
    isComplete: (teams) =>
      teams.length === 20 &&
      teams.every(
        ({ members }) => members.length === 10 && members.every(({ events }) => events.length === 3),
      ),
  },
  d: {
    what: 'totals by tool and month',
    inputs: () => [{}],
    isComplete: (groups, size) =>
      groups.length >= size.tools && groups.reduce((sum, { events }) => sum + events, 0) >= size.events,
  },
  e: {
    what: 'insert of one event',
    inputs: ({ events }) => events,
    // The answer is an id; the row it names is compared.
    isComplete: (id) => typeof id === 'string',
    writes: true,
  },
}
