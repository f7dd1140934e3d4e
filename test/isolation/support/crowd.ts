import { leaksIn, shows } from './canary.js'
import { othersOf, type Resident } from './population.js'
import type { Reply } from './walker.js'

/** A query that reads several tables at once, so that statements of one operation stand in line together. */
export const BROAD = `{
  organization { id orgKey description }
  users(first: 5) { nodes { id email team { id name } usageEvents(first: 3) { nodes { id toolName } } } totalCount }
  teams(first: 5) { nodes { id name members(first: 3) { nodes { id email } } } }
  usageEvents(first: 5) { nodes { id toolName user { id fullName } team { id name } } totalCount }
}`

/** Changes a row in the organization's own schema. */
const CHANGE = 'mutation { createTeam(input: { name: "NAME" }) { team { id name parent { id } } } }'

export interface Answered {
  readonly resident: Resident
  readonly reply: Reply
}

/** Many operations of many organizations at once; every fifth one writes. */
export function crowd(residents: readonly Resident[], size: number): Promise<readonly Answered[]> {
  const requests = Array.from({ length: size }, async (_, index) => {
    const resident = residents[index % residents.length] as Resident
    const name = `${resident.canary.marker} of request ${index} at ${Date.now()}`
    const document = index % 5 === 4 ? CHANGE.replace('NAME', name) : BROAD
    return { resident, reply: await resident.ask('owner')(document) }
  })
  return Promise.all(requests)
}

/** What is wrong with an answer: another organization's data, none of one's own, or an error. */
export function faults(answers: readonly Answered[], residents: readonly Resident[]): string[] {
  return answers.flatMap(({ resident, reply }) => [
    ...leaksIn(reply.text, othersOf(resident, residents)),
    ...(shows(reply.text, resident.canary)
      ? []
      : [`${resident.canary.tenant} does not see itself: ${reply.text}`]),
    ...reply.errors.map(({ message }) => `${resident.canary.tenant}: ${message}`),
  ])
}
