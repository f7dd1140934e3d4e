import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountScope, tenantScope } from '../../src/tenancy/session-scope.js'
import { roleOf } from '../../src/tenancy/tenant-id.js'
import { TestGateway } from '../support/gateway.js'
import { leaksIn, shows } from './support/canary.js'
import { readTables, type Table } from './support/catalogue.js'
import { DONE, intrude } from './support/intruder.js'
import { othersOf, settle, type Resident } from './support/population.js'
import { ownRows } from './support/scope.js'

const DENIED = '42501'

let gateway: TestGateway
let residents: readonly Resident[]
let scoped: readonly Table[]
beforeAll(async () => {
  gateway = await TestGateway.start({ poolSize: 2 })
  residents = await settle(gateway)
  const shared = await readTables(gateway.database.admin, 'public')
  const [{ canary }] = residents as [Resident]
  scoped = [...shared.values()].filter(({ name }) => ownRows(shared, name, canary) !== undefined)
}, 120_000)
afterAll(() => gateway?.close())

/** Columns of a table that a role may read. */
async function readable(role: string, { name, columns }: Table): Promise<readonly string[]> {
  const { rows } = await gateway.database.admin.query<{ column: string }>(
    `select c as column from unnest($1::text[]) c where has_column_privilege($2, $3, c, 'select')`,
    [columns.map((column) => column.name), role, name],
  )
  return rows.map(({ column }) => column)
}

/** What a scope reads of every table with rows of tenants, as far as it may read the table at all. */
async function readsOf(
  resident: Resident,
  role: string,
  scope: Parameters<typeof intrude>[1],
): Promise<string> {
  const texts: string[] = []
  for (const table of scoped) {
    const columns = await readable(role, table)
    const [whole] = await intrude(gateway.pool, scope, [`select * from ${table.name}`])
    if (columns.length < table.columns.length) expect(whole).toMatchObject({ code: DENIED })
    if (columns.length === 0) continue
    const [read] = await intrude(gateway.pool, scope, [
      `select ${columns.map((column) => `"${column}"`).join(', ')} from ${table.name}`,
    ])
    expect({ table: table.name, code: read?.code }).toEqual({ table: table.name, code: DONE })
    expect({ table: table.name, leaks: leaksIn(read?.rows ?? '', othersOf(resident, residents)) }).toEqual({
      table: table.name,
      leaks: [],
    })
    texts.push(read?.rows ?? '')
  }
  return texts.join('\n')
}

describe('every shared table with rows of organizations or identities', () => {
  test('has row-level security that binds its owner too, and a policy', async () => {
    expect(scoped.length).toBeGreaterThan(15)
    const { rows } = await gateway.database.admin.query<{ name: string }>(
      `select format('%s.%s', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'public' and c.relrowsecurity and c.relforcerowsecurity
         and exists (select from pg_policy p where p.polrelid = c.oid)`,
    )
    const guarded = new Set(rows.map(({ name }) => name))
    expect(scoped.map(({ name }) => name).filter((name) => !guarded.has(name))).toEqual([])
  })

  test('is open without a condition to the owner and the control plane only', async () => {
    const { rows } = await gateway.database.admin.query<{ roles: string }>(
      `select distinct r.rolname::text as roles from pg_policy p cross join unnest(p.polroles) role
       left join pg_roles r on r.oid = role
       where pg_get_expr(p.polqual, p.polrelid) = 'true' or pg_get_expr(p.polwithcheck, p.polrelid) = 'true'
       order by 1`,
    )
    expect(rows.map(({ roles }) => roles)).toEqual(['orgscope_owner', 'orgscope_platform'])
  })

  test('shows a tenant no row of another', async () => {
    for (const resident of residents) {
      const { tenant, organizationId } = resident.canary
      const text = await readsOf(resident, roleOf(tenant), tenantScope(tenant, organizationId))
      expect(shows(text, resident.canary)).toBe(true)
    }
  })

  test('shows a person no row of a person or organization the person has nothing to do with', async () => {
    for (const resident of residents) {
      const person = await resident.organization.as('owner').identityId()
      const text = await readsOf(resident, 'orgscope_account', accountScope(person))
      expect(shows(text, resident.canary)).toBe(true)
    }
  })

  test('shows nothing to a tenant without an organization, and to nobody in particular', async () => {
    for (const resident of residents) {
      const { organizationId: _, ...nowhere } = tenantScope(
        resident.canary.tenant,
        resident.canary.organizationId,
      )
      for (const [role, scope] of [
        [nowhere.role, nowhere],
        ['orgscope_account', accountScope()],
      ] as const) {
        for (const table of scoped) {
          if ((await readable(role, table)).length === 0) continue
          const [read] = await intrude(gateway.pool, scope, [`select count(*) as rows from ${table.name}`])
          expect({ table: table.name, rows: read?.rows }).toEqual({ table: table.name, rows: '[{"rows":0}]' })
        }
      }
    }
  })

  test('lets a tenant write no row of another, and move none of its own there', async () => {
    const [mine, theirs] = residents as [Resident, Resident]
    const scope = tenantScope(mine.canary.tenant, mine.canary.organizationId)
    for (const { name, columns } of scoped) {
      const owner = columns.find((column) => column.name === 'organization_id')?.name
      const insert =
        owner === undefined ? 'default values' : `(${owner}) values ('${theirs.canary.organizationId}')`
      const given = columns.map((column) => `"${column.name}"`).join(', ')
      const statements = [
        `insert into ${name} ${insert}`,
        `insert into ${name} (${given}) select ${given} from ${name}`,
        `delete from ${name}`,
        `truncate ${name}`,
        ...(owner === undefined ? [] : [`update ${name} set ${owner} = '${theirs.canary.organizationId}'`]),
      ]
      const outcomes = await intrude(gateway.pool, scope, statements, { writing: true })
      const codes = outcomes.map(({ code }) => code)
      expect({ name, codes: [...new Set(codes)] }).toEqual({ name, codes: [DENIED] })
    }
  })

  test('changes no row of another for a tenant that may change its own', async () => {
    const [mine, theirs] = residents as [Resident, Resident]
    const scope = tenantScope(mine.canary.tenant, mine.canary.organizationId)
    const [change] = await intrude(
      gateway.pool,
      scope,
      [
        `with changed as (update public.api_keys set status = 'revoked' returning organization_id) select * from changed`,
      ],
      { writing: true },
    )
    expect(change).toMatchObject({ code: DONE, rows: expect.stringContaining(mine.canary.organizationId) })
    expect(change?.rows).not.toContain(theirs.canary.organizationId)
  })
})

describe('every other shared table', () => {
  test('holds nothing of a tenant that a tenant may read', async () => {
    const [mine] = residents as [Resident]
    const shared = await readTables(gateway.database.admin, 'public')
    const scope = tenantScope(mine.canary.tenant, mine.canary.organizationId)
    const others = [...shared.keys()].filter((name) => !scoped.some((table) => table.name === name))
    const outcomes = await intrude(
      gateway.pool,
      scope,
      others.map((name) => `select * from ${name}`),
    )
    for (const [index, { rows }] of outcomes.entries()) {
      const leaks = leaksIn(
        rows,
        residents.map(({ canary }) => canary),
      )
      expect({ table: others[index], leaks }).toEqual({ table: others[index], leaks: [] })
    }
  })
})
