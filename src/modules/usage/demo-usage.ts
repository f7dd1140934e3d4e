import { DAY, HOUR, formatTimestamp, parseTimestamp, type Microseconds } from '../../database/timestamp.js'
import { sql } from 'kysely'
import { statements, type Session } from '../../tenancy/session.js'
import { recordUsage } from './record-usage.js'
import type { UsageEventInput } from './usage-event-input.js'

/** Usage events and a budget that show what the module does. */
interface DemoSet {
  /** Whether record n of the hundred shared by the organizations is one of this set. */
  readonly holds: (n: number) => boolean
  /** Budget of the organization in USD a month, alerting at 80 %. */
  readonly monthlyLimit?: number
  /** Events beside the hundred. */
  readonly others?: (person: string, created: Microseconds) => readonly UsageEventInput[]
}

/** The sets by the name a tenant's manifest gives under `demo_data`. */
const SETS: Readonly<Record<string, DemoSet>> = {
  techcorp: { holds: (n) => n % 10 < 6, monthlyLimit: 5000 },
  startupio: { holds: (n) => n % 10 >= 6 && n % 10 < 9, monthlyLimit: 1000 },
  digitalagency: { holds: (n) => n % 10 === 9, monthlyLimit: 100 },
  acme: { holds: () => false, others: (person, created) => [toolCall(person, created)] },
}

const RECORDS = 100
const MODELS = ['gpt-4o', 'gpt-4o-mini', 'gpt-4-turbo', 'gpt-3.5-turbo'] as const

/** True when there is demo usage of this name; a set may also belong to another module. */
export function hasDemoUsage(name: string): boolean {
  return Object.hasOwn(SETS, name)
}

/**
 * The demo events of one organization: up to a hundred over thirty days, in the thirty days that end with the day
 * (UTC) on which the organization was created, with ids that never change. Record n is on day ⌊0.3·n⌋ before that
 * day at 7·n mod 24 o'clock, so the first few may lie some hours ahead on the day itself.
 *
 * @param people - ids of users, taken in turn
 */
export function demoUsage(name: string, people: readonly string[], created: Microseconds): UsageEventInput[] {
  const set = SETS[name]
  if (set === undefined || people.length === 0) return []
  const numbers = Array.from({ length: RECORDS }, (_, n) => n).filter(set.holds)
  const shared = numbers.map((n, turn) => record(n, people[turn % people.length] as string, created))
  return [...shared, ...(set.others?.(people[0] as string, created) ?? [])]
}

function record(n: number, userId: string, created: Microseconds): UsageEventInput {
  const day = created - (created % DAY) - Math.floor((n * 3) / 10) * DAY
  return {
    eventId: `demo-${n}`,
    occurredAt: formatTimestamp(day + ((7 * n) % 24) * HOUR),
    userId,
    provider: 'openai',
    modelName: MODELS[n % MODELS.length] as string,
    service: 'chat',
    source: 'api',
    inputTokens: 200 + ((37 * n) % 1800),
    outputTokens: 100 + ((53 * n) % 900),
  }
}

function toolCall(userId: string, created: Microseconds): UsageEventInput {
  return {
    eventId: 'demo-openai-gpt-4',
    occurredAt: formatTimestamp(created),
    userId,
    toolName: 'OpenAI GPT-4',
    actionType: 'api_call',
    source: 'api',
    anonymized: false,
  }
}

export interface DemoOrganization {
  /** Name of the demo set. */
  readonly name: string
  /** E-mail addresses in the order in which people take turns. */
  readonly emails: readonly string[]
  /** RFC 3339. */
  readonly createdAt: string
}

/**
 * Loads the demo usage and budget of an organization in its own session; what is there already stays as it is.
 * Resolves to the number of events that were new. Throws when an event is refused, which would be our mistake.
 */
export async function loadDemoUsage(session: Session, organization: DemoOrganization): Promise<number> {
  const { name, emails } = organization
  const created = parseTimestamp(organization.createdAt)
  if (created === undefined) throw new RangeError(`not a timestamp: ${organization.createdAt}`)
  const people = await findPeople(session, emails)
  const events = demoUsage(name, people, created)
  const now = Math.max(Date.now() * 1000, created - (created % DAY) + DAY)
  const { results } = await recordUsage(session, events, { source: 'api', now })
  const refused = results.find((result) => result.status === 'rejected')
  if (refused !== undefined) throw new Error(`demo usage of ${name}: ${refused.field} ${refused.reason}`)
  await ensureBudget(session, name)
  return results.filter(({ status }) => status === 'accepted').length
}

async function findPeople(session: Session, emails: readonly string[]): Promise<string[]> {
  const query = sql<{ id: string }>`
    /* demo.people */
    select u.id from unnest(${emails.map((email) => email.toLowerCase())}::text[]) with ordinality as asked (email, turn)
    join users u on lower(u.email) = asked.email and u.deleted_at is null
    order by turn`
  return (await session.run(query.compile(statements))).map(({ id }) => id)
}

async function ensureBudget(session: Session, name: string): Promise<void> {
  const limit = SETS[name]?.monthlyLimit
  if (limit === undefined) return
  const insert = sql`
    /* demo.budget */
    insert into budgets (id, name, scope_type, period_type, monthly_limit, currency, alert_thresholds, status)
    values (public.uuid_of_name(${`orgscope:demo:budget:${name}`}), 'Monthly budget', 'organization', 'monthly',
      ${limit}, 'USD', '{80}', 'active')
    on conflict do nothing`
  await session.run(insert.compile(statements))
}
