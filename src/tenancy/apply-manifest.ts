import type pg from 'pg'
import type { Queryable } from '../database/advisory-lock.js'
import { ownerTransaction } from '../database/owner-transaction.js'
import { changePlanOf, grantModule, lockEntitlements, withdrawModule } from './entitlements.js'
import { writePlatformAudit } from './platform-audit.js'
import { provisionTenant, type ProvisionOptions, type ProvisionOutcome } from './provisioner.js'
import type { TenantManifest } from './tenant-manifest.js'
import { ensureMember, type Home, type Person } from './tenant-people.js'
import { listTenantModules } from './tenant-modules.js'
import { showTenant } from './tenant-record.js'
import { requestTenant } from './tenant-request.js'
import { ensureTeam, ensureTeamMember } from './tenant-teams.js'

export interface AppliedManifest extends ProvisionOutcome {
  /** People who were not members before. */
  readonly people: number
  /** Memberships of teams that were added. */
  readonly teamMemberships: number
  /** The plan it had before; undefined when it has not changed. */
  readonly formerPlan: string | undefined
  /** Modules it may not use any more; their data is kept. */
  readonly disabled: readonly string[]
  /** Modules it may use from now on. */
  readonly enabled: readonly string[]
}

export interface ApplyOptions extends ProvisionOptions {
  /** Leave the plan and the modules of a tenant that exists as they are. */
  readonly keepEntitlements?: boolean | undefined
}

/**
 * Makes what a manifest describes: the tenant, provisioned, with its people and teams. Applying it again adds nothing,
 * and does not undo what people changed in the application since. Plan and modules become those of the manifest: a
 * module it does not list is disabled and keeps its data. Throws CONFLICT when the tenant exists and differs in what
 * describes it (name, slug, region, time zone, admin).
 */
export async function applyManifest(
  admin: pg.Pool,
  manifest: TenantManifest,
  options: ApplyOptions = {},
): Promise<AppliedManifest> {
  const requested = await requestTenant(
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
    ['plan', 'modules'],
  )
  const change = options.keepEntitlements === true ? unchanged : await entitle(admin, manifest, options)
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
  const formerPlan = requested.plan === outcome.tenant.plan ? undefined : requested.plan
  return { ...outcome, ...added, ...change, formerPlan, people: added.people + owner }
}

type Entitlements = Pick<AppliedManifest, 'disabled' | 'enabled'>

const unchanged: Entitlements = { disabled: [], enabled: [] }

/** Gives a tenant the plan and the modules of its manifest. Access it has – a trial, say – stays what it is. */
async function entitle(
  admin: pg.Pool,
  { id, plan, modules }: TenantManifest,
  { by }: ApplyOptions,
): Promise<Entitlements> {
  return ownerTransaction(admin, async (transaction) => {
    await lockEntitlements(transaction, await showTenant(transaction, id))
    const record = await showTenant(transaction, id)
    const { disabled } = await changePlanOf(transaction, record, plan, by)
    const lost = new Set(disabled)
    const enabled: string[] = []
    for (const of of await listTenantModules(transaction, record)) {
      const isListed = (modules as readonly string[]).includes(of.module)
      if (isListed && of.access === 'none') {
        const full = { access: 'full', expiresAt: null, trialId: of.trialId } as const
        await grantModule(transaction, record, of, full, by)
        if (!lost.delete(of.module)) enabled.push(of.module)
      } else if (!isListed && (await withdrawModule(transaction, record, of, { by }))) {
        lost.add(of.module)
      }
    }
    return { disabled: [...lost].sort(), enabled }
  })
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
