import type { Queryable } from '../../database/advisory-lock.js'
import { AppError } from '../../errors.js'
import { schemaOf, type TenantId } from '../tenant-id.js'
import { present, type PeopleTable } from './people-tables.js'
import { listed } from './personal-rules.js'

/** A person of a tenant's directory. */
export interface Person {
  readonly id: string
  readonly email: string
}

/** Looks a person up by id or e-mail address. Throws NOT_FOUND. */
export async function findPerson(db: Queryable, tenant: TenantId, named: string): Promise<Person> {
  const { rows } = await db.query<Person>(
    `/* people.find */ select id, email from ${schemaOf(tenant)}.users
     where id::text = lower($1) or lower(email) = lower($1) order by deleted_at is not null, created_at desc limit 1`,
    [named.trim()],
  )
  if (rows[0] !== undefined) return rows[0]
  throw new AppError('NOT_FOUND', `Tenant ${tenant} has nobody with the id or e-mail address ${named}.`, {
    tenant,
  })
}

/** Which rows of a table are about a person, as SQL on `t`; `$1` is the person's id and `$2` the address in lower case. */
export function rowsAbout(table: PeopleTable, tables: readonly PeopleTable[]): string | undefined {
  const { rule } = table
  const conditions = [
    ...present(table, [rule.about, rule.things].flatMap(listed)).map((column) => `t.${column}::text = $1`),
    ...present(table, listed(rule.emails)).map((column) => `lower(t.${column}) = $2`),
  ]
  const parent = tables.find((each) => each.table === rule.follows?.table)
  const above = parent && rowsAbout(parent, tables)
  if (parent !== undefined && above !== undefined && rule.follows !== undefined) {
    const { by, parentKey } = rule.follows
    conditions.push(`t.${by} in (select t.${parentKey} from ${parent.place} t where ${above})`)
  }
  // `$2` has to appear in every statement that is given it.
  return conditions.length === 0 ? undefined : `(${conditions.join(' or ')}) and $2::text is not null`
}
