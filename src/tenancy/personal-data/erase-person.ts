import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Queryable } from '../../database/advisory-lock.js'
import { ownerTransaction } from '../../database/owner-transaction.js'
import { AppError } from '../../errors.js'
import { quoted } from '../archive/exported-tables.js'
import { writePlatformAudit, type PlatformActor } from '../platform-audit.js'
import { requireNoOperation } from '../tenant-operations.js'
import { schemaOf, type TenantId } from '../tenant-id.js'
import { announce, showTenant, type TenantRecord } from '../tenant-record.js'
import { clearing, nothing } from './clear-columns.js'
import { eraseSharedRows } from './erase-shared-rows.js'
import { findPerson, rowsAbout, type Person } from './find-person.js'
import { peopleTables, present, type PeopleColumn, type PeopleTable } from './people-tables.js'
import { anonymousEvents, listed } from './personal-rules.js'
import { repointPeople } from './repoint-people.js'

export interface ErasureOutcome {
  readonly tenant: TenantId
  /** Stands for the person from now on; nothing leads from it to them. */
  readonly pseudonym: string
  /** Rows deleted or emptied, by table. */
  readonly rows: Readonly<Record<string, number>>
  /** Whether the shared account is gone too, or stays because the person belongs to another organization. */
  readonly account: 'erased' | 'kept'
}

/**
 * Erases one person from a tenant in one transaction. What is personal is deleted or emptied; what happened stays,
 * under a pseudonym: acts in the audit trail, events with their cost, sums. The account goes as well unless another
 * organization or the operator needs it. Throws NOT_FOUND, and CONFLICT for the last owner.
 */
export async function erasePerson(
  admin: pg.Pool,
  tenant: TenantId,
  named: string,
  by?: PlatformActor,
): Promise<ErasureOutcome> {
  return ownerTransaction(admin, async (db) => {
    const record = await servedTenant(db, tenant)
    const person = await findPerson(db, tenant, named)
    await requireAnotherOwner(db, record, person)
    const tables = await peopleTables(db, schemaOf(tenant))
    const pseudonym = await insertTombstone(db, tenant, person)
    const rows = await eraseRows(db, tables, person, pseudonym)
    await replaceMentions(db, tables, person, pseudonym)
    await endMemberships(db, tenant, person)
    await repointPeople(db, tables, [{ from: person.id, to: pseudonym }])
    await db.query(`/* people.erase_user */ delete from ${schemaOf(tenant)}.users where id = $1`, [person.id])
    const account = await eraseSharedRows(db, record.organizationId, person)
    await recordErasure(db, record, pseudonym, rows, account, by)
    return { tenant, pseudonym, rows, account }
  })
}

async function servedTenant(db: Queryable, tenant: TenantId): Promise<TenantRecord> {
  const record = await showTenant(db, tenant)
  await requireNoOperation(db, record)
  if (record.state === 'active' || record.state === 'suspended') return record
  throw new AppError(
    'CONFLICT',
    `Tenant ${tenant} is ${record.state}; its people can be erased while it is active or suspended.`,
    { tenant, state: record.state },
  )
}

/** Without an owner nobody could run the organization. */
async function requireAnotherOwner(
  db: Queryable,
  { organizationId, tenant }: TenantRecord,
  person: Person,
): Promise<void> {
  const { rows } = await db.query<{ isOwner: boolean | null; others: boolean | null }>(
    `/* people.owners */ select bool_or(identity_id = $2) as "isOwner", bool_or(identity_id <> $2) as others
     from public.memberships where organization_id = $1 and role = 'owner' and status = 'active'`,
    [organizationId, person.id],
  )
  if (rows[0]?.isOwner !== true || rows[0].others === true) return
  throw new AppError(
    'CONFLICT',
    `${person.email} is the last owner of ${tenant}. Make somebody else an owner first, or delete the organization.`,
    { tenant },
  )
}

/** A row for foreign keys to point at; the address is nobody's (RFC 2606). */
async function insertTombstone(db: Queryable, tenant: TenantId, person: Person): Promise<string> {
  const id = randomUUID()
  await db.query(
    `/* people.tombstone */
     insert into ${schemaOf(tenant)}.users (id, email, status, provisioned_by, created_at, deleted_at)
     select $2::uuid, 'erased-' || $2::uuid::text || '@erased.invalid', 'inactive', provisioned_by, date_trunc('month', created_at), now()
     from ${schemaOf(tenant)}.users where id = $1`,
    [person.id, id],
  )
  return id
}

/** Rows that follow others come first: once those are emptied, nothing says whose they were. */
async function eraseRows(
  db: Queryable,
  tables: readonly PeopleTable[],
  person: Person,
  pseudonym: string,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const values = [person.id, person.email.toLowerCase()]
  const inOrder = [...tables].sort(
    (a, b) => Number(b.rule.follows !== undefined) - Number(a.rule.follows !== undefined),
  )
  for (const table of inOrder.filter(({ table: name }) => name !== 'users')) {
    const about = rowsAbout(table, tables)
    const change = about && eraseStatement(table, about, pseudonym)
    if (change === undefined) continue
    const { rowCount } = await db.query(`/* people.erase */ ${change}`, values)
    if (rowCount !== null && rowCount > 0) counts[table.table] = rowCount
  }
  return counts
}

function eraseStatement(table: PeopleTable, about: string, pseudonym: string): string | undefined {
  if (table.rule.deleteRows === true) return `delete from ${table.place} t where ${about}`
  const set = [clearing(table), ...emptiedAddresses(table), ...anonymous(table, pseudonym)].filter(
    (part) => part !== undefined,
  )
  return set.length === 0 ? undefined : `update ${table.place} t set ${set.join(', ')} where ${about}`
}

/** A row may name two people: only the person's own address goes. */
function emptiedAddresses(table: PeopleTable): string[] {
  return present(table, listed(table.rule.emails)).map((column) => {
    const empty = nothing(table.columns[column] as PeopleColumn)
    return `${quoted(column)} = case when lower(t.${quoted(column)}) = $2 then ${empty} else t.${quoted(column)} end`
  })
}

function anonymous({ table }: PeopleTable, pseudonym: string): string[] {
  const { person, flag, pseudonym: column } = anonymousEvents
  return table === anonymousEvents.table
    ? [`${flag} = true`, `${column} = '${pseudonym}'`, `${person} = null`]
    : []
}

/** In texts and JSON about things, the id and the address of the person give way to the pseudonym. */
async function replaceMentions(
  db: Queryable,
  tables: readonly PeopleTable[],
  person: Person,
  pseudonym: string,
): Promise<void> {
  const address = person.email.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  for (const table of tables) {
    for (const column of present(table, listed(table.rule.mentions))) {
      const text = `t.${quoted(column)}::text`
      await db.query(
        `/* people.mentions */ update ${table.place} t
         set ${quoted(column)} = regexp_replace(replace(${text}, $1, $3), $2, $3, 'gi')::${table.columns[column]?.type}
         where ${text} ~* $2 or position($1 in ${text}) > 0`,
        [person.id, address, pseudonym],
      )
    }
  }
}

async function endMemberships(db: Queryable, tenant: TenantId, { id }: Person): Promise<void> {
  const schema = schemaOf(tenant)
  for (const change of [
    `update ${schema}.team_members set left_at = now() where user_id = $1 and left_at is null`,
    `update ${schema}.user_roles set is_active = false, revoked_at = now() where user_id = $1 and is_active`,
    `update ${schema}.user_permissions set is_active = false, revoked_at = now() where user_id = $1 and is_active`,
  ]) {
    await db.query(`/* people.end_memberships */ ${change}`, [id])
  }
}

async function recordErasure(
  db: Queryable,
  { tenant, organizationId }: TenantRecord,
  pseudonym: string,
  rows: ErasureOutcome['rows'],
  account: ErasureOutcome['account'],
  by: PlatformActor | undefined,
): Promise<void> {
  await db.query(
    `/* people.audit */
     insert into ${schemaOf(tenant)}.audit_logs (event_type, event_category, actor_kind, resource_type, resource_id,
       compliance_relevant)
     values ('erase', 'administration', 'platform_admin', 'User', $1, true)`,
    [pseudonym],
  )
  await writePlatformAudit(
    db,
    {
      eventType: 'tenant.user_erased',
      category: 'system',
      organizationId,
      target: tenant,
      details: { pseudonym, rows, account },
    },
    by,
  )
  await announce(db, tenant)
}
