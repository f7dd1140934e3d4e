import { z } from 'zod'
import { optionalModules } from './optional-modules.js'
import { isTenantId, type TenantId } from './tenant-id.js'
import { membershipRoles } from './tenant-people.js'
import { plans } from './tenant-request.js'

/** The form of a tenant manifest. Messages say what is there and what would be right. */

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/
const SLUG = /^[a-z0-9][a-z0-9-]{0,99}$/
const DATA_SET = /^[a-z][a-z0-9-]{0,62}$/

/** What zod tells of a value it refuses, as far as our messages need it. */
interface Refused {
  readonly input?: unknown
}

function refusal(expected: string) {
  return ({ input }: Refused): string => {
    if (input === undefined) return `is missing; it is ${expected}`
    const advice = typeof input === 'number' || typeof input === 'boolean' ? ' (text: put it in quotes)' : ''
    return `is ${shown(input)}; it has to be ${expected}${advice}`
  }
}

function shown(input: unknown): string {
  if (input === null) return 'empty'
  if (Array.isArray(input)) return 'a list'
  if (typeof input === 'object') return 'a map'
  const text = JSON.stringify(input)
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text
}

function text(expected: string, accepts: (value: string) => boolean) {
  return z.string({ error: refusal(expected) }).refine(accepts, { error: refusal(expected) })
}

function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: refusal(`one of ${values.join(', ')}`) })
}

function list<Item extends z.ZodType>(item: Item, expected: string) {
  return z.array(item, { error: refusal(expected) })
}

function map<Shape extends z.ZodRawShape>(shape: Shape, expected: string) {
  // An unknown key keeps its own message: it is given a suggestion where the file's lines are known.
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : refusal(expected)(issue)),
  })
}

const label = (what: string) =>
  text(`${what}: 1 to 200 characters`, (value) => value.trim() !== '' && value.length <= 200)
const email = text(
  'an e-mail address such as ada@acme.example',
  (value) => EMAIL.test(value) && value.length <= 320,
)
const timezone = text('an IANA time zone such as Europe/Berlin', isTimeZone)

export const manifestSchema = map(
  {
    id: text(
      'a tenant id: lower-case letters, digits and underscores, starting with a letter or digit, at most 55 characters',
      isTenantId,
    ).transform((value) => value as TenantId),
    name: label("the organization's name"),
    slug: text('lower-case letters, digits and hyphens', (value) => SLUG.test(value)).optional(),
    plan: oneOf(plans),
    modules: list(oneOf(optionalModules), 'a list of modules such as [usage]').default([]),
    region: label('a region such as eu-central').optional(),
    timezone: timezone.optional(),
    admin: map({ email, name: label("the person's name") }, 'a map with email and name'),
    teams: list(
      map(
        {
          name: label('the name of a team'),
          parent: label('the name of another team').optional(),
          lead: email.optional(),
        },
        'a map with name, and parent and lead where there are any',
      ),
      'a list of teams',
    ).default([]),
    members: list(
      map(
        {
          email,
          name: label("the person's name"),
          role: oneOf(membershipRoles),
          teams: list(label('the name of a team'), 'a list of names of teams').default([]),
        },
        'a map with email, name, role and teams',
      ),
      'a list of people',
    ).default([]),
    demo_data: text('the name of a demo data set, such as techcorp', (value) =>
      DATA_SET.test(value),
    ).optional(),
  },
  'a map of fields such as id, name and plan',
)

function isTimeZone(value: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value })
    return true
  } catch {
    return false
  }
}

/** What a manifest says, once it is checked. */
export type ManifestContent = z.output<typeof manifestSchema>

/** A problem at a place of the document. */
export interface ContentProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** What one field alone cannot tell: doubles, and names that lead nowhere. */
export function crossCheck({ admin, teams, members, modules }: ManifestContent): ContentProblem[] {
  const problems: ContentProblem[] = []
  const report = (message: string, ...path: (string | number)[]): void =>
    void problems.push({ path, message })
  const people = new Set([admin, ...members].map(({ email: address }) => address.toLowerCase()))
  const teamNames = new Set(teams.map(({ name }) => name))
  const namesShown = teamNames.size === 0 ? 'there are no teams' : `teams are ${[...teamNames].join(', ')}`

  doubles(modules, (module) => module).forEach((at) => report(`is listed twice`, 'modules', at))
  doubles(teams, ({ name }) => name).forEach((at) => report('is the name of two teams', 'teams', at, 'name'))
  doubles(members, (member) => member.email.toLowerCase()).forEach((at) =>
    report('is listed twice', 'members', at, 'email'),
  )
  for (const [index, { name, parent, lead }] of teams.entries()) {
    if (parent !== undefined && !teamNames.has(parent)) {
      report(`names an unknown team ${JSON.stringify(parent)}; ${namesShown}`, 'teams', index, 'parent')
    } else if (isBelowItself(name, teams)) {
      report('puts the team below itself', 'teams', index, 'parent')
    }
    if (lead !== undefined && !people.has(lead.toLowerCase())) {
      report('is not the admin or one of the members', 'teams', index, 'lead')
    }
  }
  for (const [index, member] of members.entries()) {
    for (const [place, team] of member.teams.entries()) {
      if (teamNames.has(team)) continue
      report(`names an unknown team ${JSON.stringify(team)}; ${namesShown}`, 'members', index, 'teams', place)
    }
    if (member.email.toLowerCase() === admin.email.toLowerCase() && member.role !== 'owner') {
      report(`is ${member.role}, but the admin is owner`, 'members', index, 'role')
    }
  }
  return problems
}

/** Positions of items that came before. */
function doubles<Item>(items: readonly Item[], keyOf: (item: Item) => string): number[] {
  const seen = new Set<string>()
  return items.flatMap((item, index) => {
    const isDouble = seen.has(keyOf(item))
    seen.add(keyOf(item))
    return isDouble ? [index] : []
  })
}

function isBelowItself(name: string, teams: ManifestContent['teams']): boolean {
  const parentOf = new Map(teams.map((team) => [team.name, team.parent]))
  let above = parentOf.get(name)
  for (let depth = 0; above !== undefined && depth <= teams.length; depth += 1) {
    if (above === name) return true
    above = parentOf.get(above)
  }
  return false
}
