import pg from 'pg'
import type { Queryable } from '../../database/advisory-lock.js'
import { ownerRole } from '../../database/owner-transaction.js'
import { roleOf, type TenantId } from '../../tenancy/tenant-id.js'
import type { DriftFinding, RepairStep } from './finding.js'

const GROUP = 'orgscope_tenant'
const GATEWAY = 'orgscope_gateway'

interface RoleRow {
  readonly role: string
  readonly is_there: boolean
  /** What it may and should not, as ALTER ROLE says it, for example `superuser`. */
  readonly powers: string[]
  readonly groups: Membership[]
  readonly members: Membership[]
}

/** The other side of a membership, and who granted it: nobody else can take it back. */
interface Membership {
  readonly name: string
  readonly by: string
}

/** Compares the roles of tenants with what the provisioner makes. */
export async function roleDrift(
  db: Queryable,
  tenants: readonly TenantId[],
): Promise<Map<TenantId, DriftFinding[]>> {
  const { rows } = await db.query<RoleRow>(
    `/* drift.roles */
     select wanted.role, r.oid is not null as is_there,
       array_remove(array[
         case when r.rolsuper then 'superuser' end, case when r.rolbypassrls then 'bypassrls' end,
         case when r.rolcreaterole then 'createrole' end, case when r.rolcreatedb then 'createdb' end,
         case when r.rolreplication then 'replication' end,
         case when r.rolcanlogin and not exists (select from pg_extension where extname = 'citus') then 'login' end,
         case when not r.rolinherit then 'noinherit' end
       ], null) as powers,
       coalesce((select jsonb_agg(jsonb_build_object('name', g.rolname, 'by', grantor.rolname) order by g.rolname)
         from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles grantor on grantor.oid = m.grantor
         where m.member = r.oid), '[]') as groups,
       coalesce((select jsonb_agg(jsonb_build_object('name', g.rolname, 'by', grantor.rolname) order by g.rolname)
         from pg_auth_members m join pg_roles g on g.oid = m.member join pg_roles grantor on grantor.oid = m.grantor
         where m.roleid = r.oid and g.rolname <> $2), '[]') as members
     from unnest($1::text[]) as wanted (role) left join pg_roles r on r.rolname = wanted.role`,
    [tenants.map(roleOf), ownerRole],
  )
  const byRole = new Map(rows.map((row) => [row.role, row]))
  return new Map(tenants.map((tenant) => [tenant, findingsOf(byRole.get(roleOf(tenant))!)]))
}

function findingsOf({ role, is_there, powers, groups, members }: RoleRow): DriftFinding[] {
  const own = pg.escapeIdentifier(role)
  const joins = [`grant ${GROUP} to ${own}`, `grant ${own} to ${GATEWAY}`] as const
  if (!is_there) {
    const made = [`create role ${own} nologin inherit`, ...joins]
    return [finding(`role ${role} is missing`, { phase: 'role', statements: made })]
  }
  const findings: DriftFinding[] = []
  const add = (message: string, statement: string, as?: 'admin'): void => {
    findings.push(finding(message, { phase: 'role', statements: [statement], as }))
  }
  for (const power of powers) {
    const opposite = power.startsWith('no') ? power.slice(2) : `no${power}`
    add(`role ${role} is ${power}`, `alter role ${own} ${opposite}`, 'admin')
  }
  const isIn = (memberships: readonly Membership[], role: string): boolean =>
    memberships.some(({ name }) => name === role)
  if (!isIn(groups, GROUP)) add(`role ${role} is not a member of ${GROUP}`, joins[0])
  if (!isIn(members, GATEWAY)) add(`${GATEWAY} is not a member of role ${role}`, joins[1])
  for (const { name, by } of groups.filter((group) => group.name !== GROUP)) {
    add(`role ${role} is a member of ${name}`, revoke(name, role, by), 'admin')
  }
  for (const { name, by } of members.filter((member) => member.name !== GATEWAY)) {
    add(`${name} is a member of role ${role}`, revoke(role, name, by), 'admin')
  }
  return findings
}

function finding(message: string, step: RepairStep): DriftFinding {
  return { about: 'role', message, repair: [step], left: null }
}

function revoke(group: string, member: string, by: string): string {
  const [from, of, grantor] = [group, member, by].map((name) => pg.escapeIdentifier(name))
  return `revoke ${from} from ${of} granted by ${grantor}`
}
