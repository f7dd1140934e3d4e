import type pg from 'pg'
import { roleOf, schemaOf } from '../../../src/tenancy/tenant-id.js'
import type { TestGateway } from '../../support/gateway.js'
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

/** The same beside fields that fail while the table of teams may not be read. */
export const HALF_BROKEN = `{
  bad: teams { nodes { id } }
  organization { id orgKey description }
  users(first: 5) { nodes { id email usageEvents(first: 3) { nodes { id toolName } } } totalCount }
  worse: teams(orderBy: [{ field: CREATED_AT }]) { totalCount }
  usageEvents(first: 5) { nodes { id toolName user { id fullName } } totalCount }
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

/** A gateway whose requests wait for a connection however long the line is: the length of lines is not tested here. */
export function patient(gateway: TestGateway): TestGateway {
  Object.assign(gateway.pool.options, { connectionTimeoutMillis: 0 })
  return gateway
}

/** While a resident's role may not read one of its tables, statements on it fail in the database. */
export async function withoutTable(
  resident: Resident,
  table: string,
  work: (resident: Resident) => Promise<void>,
): Promise<void> {
  const { admin } = resident.organization.gateway.database
  const { tenant } = resident.canary
  await admin.query(`revoke select on ${schemaOf(tenant)}.${table} from ${roleOf(tenant)}`)
  try {
    await work(resident)
  } finally {
    await admin.query(`grant select on ${schemaOf(tenant)}.${table} to ${roleOf(tenant)}`)
  }
}

/** Kills backends of the gateway while they work, as many as asked for. */
export async function killSome(admin: pg.Pool, wanted: number): Promise<void> {
  for (let killed = 0, look = 0; killed < wanted; look++) {
    if (look > 2_000) throw new Error(`only ${killed} backends were caught working`)
    const { rowCount } = await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename = 'orgscope_gateway' and state <> 'idle'`,
    )
    killed += rowCount ?? 0
  }
}
