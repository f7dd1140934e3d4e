import type pg from 'pg'
import type { Queryable } from '../database/advisory-lock.js'
import { ownerTransaction } from '../database/owner-transaction.js'
import { writePlatformAudit } from './platform-audit.js'
import { provisionTenant, type ProvisionOptions, type ProvisionOutcome } from './provisioner.js'
import type { TenantManifest } from './tenant-manifest.js'
import { ensureMember, type Home, type Person } from './tenant-people.js'
import { requestTenant } from './tenant-request.js'
import { ensureTeam, ensureTeamMember } from './tenant-teams.js'

export interface AppliedManifest extends ProvisionOutcome {
  /** People who were not members before. */
  readonly people: number
  /** Memberships of teams that were added. */
  readonly teamMemberships: number
}

/**
 * Makes what a manifest describes: the tenant, provisioned, with its people and teams. Applying it again adds nothing,
 * and does not undo what people changed in the application since. Throws CONFLICT when the tenant exists and differs
 * in what describes it (name, slug, plan, modules, region, time zone, admin).
 */
export async function applyManifest(
  admin: pg.Pool,
  manifest: TenantManifest,
  options: ProvisionOptions = {},
): Promise<AppliedManifest> {
  await requestTenant(
    admin,
    {
      tenant: manifest.id,
      name: manifest.name,
      slug: manifest.slug,
      plan: manifest.plan,
      modules: manifest.modules,
      region: manifest.region,
      timezone: manifest.timezone,
      adminEmail: manifest.admin.email,
      adminName: manifest.admin.name,
    },
    options.by,
  )
  const outcome = await provisionTenant(admin, manifest.id, options)
  const added = await ownerTransaction(admin, async (transaction) => {
    const { organizationId } = outcome.tenant
    const counts = await applyPeople(transaction, { tenant: manifest.id, organizationId }, manifest)
    if (counts.people + counts.teamMemberships === 0) return counts
    await writePlatformAudit(
      transaction,
      {
        eventType: 'tenant.people_added',
        category: 'provisioning',
        organizationId,
        target: manifest.id,
        details: counts,
      },
      options.by,
    )
    return counts
  })
  const owner = Number(outcome.steps.includes('owner'))
  return { ...outcome, ...added, people: added.people + owner }
}

async function applyPeople(
  db: Queryable,
  home: Home,
  { admin, members, teams }: TenantManifest,
): Promise<Pick<AppliedManifest, 'people' | 'teamMemberships'>> {
  const ids = new Map<string, string>()
  let people = 0
  const wanted: Person[] = [{ ...admin, role: 'owner' }, ...members]
  for (const person of wanted) {
    const { identityId, added } = await ensureMember(db, home, person)
    ids.set(person.email.toLowerCase(), identityId)
    people += Number(added)
  }
  const teamIds = await applyTeams(db, home, teams, ids)
  let teamMemberships = 0
  for (const { email, teams: names } of members) {
    for (const teamId of names.flatMap((name) => teamIds.get(name) ?? [])) {
      teamMemberships += Number(await ensureTeamMember(db, home, teamId, ids.get(email.toLowerCase())!))
    }
  }
  return { people, teamMemberships }
}

/** Teams from the top down; what hangs below a deleted one is left out. */
async function applyTeams(
  db: Queryable,
  home: Home,
  teams: TenantManifest['teams'],
  people: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>()
  const apply = async (parent: string | undefined): Promise<void> => {
    for (const { name, lead } of teams.filter((team) => team.parent === parent)) {
      const parentId = parent === undefined ? null : ids.get(parent)!
      const leadId = lead === undefined ? null : people.get(lead.toLowerCase())!
      const id = await ensureTeam(db, home, { name, parentId, leadId })
      if (id === undefined) continue
      ids.set(name, id)
      await apply(name)
    }
  }
  await apply(undefined)
  return ids
}
