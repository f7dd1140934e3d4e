import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { provisioningSteps } from '../../src/tenancy/provisioning-steps.js'
import { provisionTenant } from '../../src/tenancy/provisioner.js'
import { schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { showTenant } from '../../src/tenancy/tenant-record.js'
import { requestTenant } from '../../src/tenancy/tenant-request.js'
import { fingerprint } from '../support/catalogue.js'
import { compileProgram, type CompiledProgram } from '../support/compiled-program.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'

let database: TestDatabase
/** What an undisturbed run leaves. */
let undisturbed: unknown
beforeAll(async () => {
  database = await freshDatabase()
  const tenant = await requested()
  await provisionTenant(database.admin, tenant)
  undisturbed = await contents(tenant)
})
afterAll(() => database?.drop())

async function requested(): Promise<TenantId> {
  const tenant = uniqueTenant()
  await requestTenant(database.admin, {
    tenant,
    name: `Organization ${tenant}`,
    modules: ['usage'],
    adminEmail: `owner@${tenant}.example`,
  })
  return tenant
}

/** Everything provisioning leaves behind, with the tenant's own names taken out. */
async function contents(tenant: TenantId): Promise<unknown> {
  const schema = schemaOf(tenant)
  const record = await showTenant(database.admin, tenant)
  const { rows } = await database.admin.query(
    `select (select count(*)::integer from public.schema_migrations where schema_name = $1 and status = 'applied') as ledger,
       (select count(*)::integer from ${schema}.users) as users,
       (select count(*)::integer from ${schema}.user_roles) as user_roles,
       (select count(*)::integer from ${schema}.role_permissions) as permissions,
       (select count(*)::integer from ${schema}.cost_centers) as cost_centers,
       (select array_agg(role) from public.memberships where organization_id = $2) as memberships`,
    [schema, record.organizationId],
  )
  const { state, modules, schemaVersions, completedSteps, lastError, leaseOwner } = record
  return {
    state,
    modules,
    schemaVersions,
    completedSteps,
    lastError,
    leaseOwner,
    rows,
    catalogue: (await fingerprint(database.admin, schema)).map((line) => line.replaceAll(schema, 'org_x')),
  }
}

async function schemaExists(tenant: TenantId): Promise<boolean> {
  const { rows } = await database.admin.query<{ found: boolean }>(
    'select to_regnamespace($1) is not null as found',
    [schemaOf(tenant)],
  )
  return rows[0]!.found
}

const steps = provisioningSteps.map(({ name }) => name)

describe.each(steps)('provisioning that stops before the step %s', (stop) => {
  test('by an error is failed with it, and finished by the next run', async () => {
    const tenant = await requested()
    await expect(
      provisionTenant(database.admin, tenant, {
        onStep: (step) => {
          if (step === stop) throw new Error(`stopped before ${step}`)
        },
      }),
    ).rejects.toThrow(`stopped before ${stop}`)
    expect(await showTenant(database.admin, tenant)).toMatchObject({
      state: 'failed',
      previousState: 'provisioning',
      currentStep: stop,
      completedSteps: steps.slice(0, steps.indexOf(stop)),
      lastError: `stopped before ${stop}`,
      leaseOwner: null,
    })
    expect(await schemaExists(tenant)).toBe(stop !== 'schema')
    const { steps: done } = await provisionTenant(database.admin, tenant)
    expect(done).toEqual(steps.slice(steps.indexOf(stop)))
    expect(await contents(tenant)).toEqual(undisturbed)
  })

  test('because its connection is cut is finished by the next run', async () => {
    const tenant = await requested()
    const cut = provisionTenant(database.admin, tenant, {
      onStep: async (step) => {
        if (step !== stop) return
        await database.admin.query(
          `select pg_terminate_backend(l.pid, 5000) from pg_locks l
           where l.locktype = 'advisory' and l.granted and l.pid <> pg_backend_pid()
             and l.database = (select oid from pg_database where datname = current_database())`,
        )
      },
    })
    await expect(cut).rejects.toThrow()
    expect(['failed', 'provisioning']).toContain((await showTenant(database.admin, tenant)).state)
    await provisionTenant(database.admin, tenant)
    expect(await contents(tenant)).toEqual(undisturbed)
  })
})

describe('a process that is killed', () => {
  let program: CompiledProgram
  beforeAll(() => {
    program = compileProgram('test/tenancy/support/provision-program.ts')
  })
  afterAll(() => program?.remove())

  test.each(steps)('before the step %s leaves what the next run finishes at once', async (stop) => {
    const tenant = await requested()
    const child = program.start(database.adminUrl, tenant, stop)
    for await (const line of createInterface({ input: child.stdout! })) if (line === stop) break
    child.kill('SIGKILL')
    await once(child, 'exit')
    // Nobody was left to write down that it failed.
    expect(await showTenant(database.admin, tenant)).toMatchObject({
      state: 'provisioning',
      completedSteps: steps.slice(0, steps.indexOf(stop)),
    })
    await provisionTenant(database.admin, tenant, { wait: 5_000 })
    expect(await contents(tenant)).toEqual(undisturbed)
  })

  test('in the middle of making the schema leaves all of it or nothing', async () => {
    for (const delay of [0, 20, 60]) {
      const tenant = await requested()
      const child = program.start(database.adminUrl, tenant, 'none')
      for await (const line of createInterface({ input: child.stdout! })) if (line === 'schema') break
      await new Promise((resolve) => setTimeout(resolve, delay))
      child.kill('SIGKILL')
      await once(child, 'exit')
      await provisionTenant(database.admin, tenant, { wait: 10_000 })
      expect(await contents(tenant)).toEqual(undisturbed)
    }
  })
})

test('two provisioners at once do the work once, and both see it done', async () => {
  const tenant = await requested()
  const seen: string[] = []
  const outcomes = await Promise.all(
    [1, 2].map(() => provisionTenant(database.admin, tenant, { onStep: (step) => void seen.push(step) })),
  )
  expect(outcomes.map(({ tenant: { state } }) => state)).toEqual(['active', 'active'])
  expect(seen).toEqual(steps)
  expect((await showTenant(database.admin, tenant)).attempts).toBe(1)
  expect(await contents(tenant)).toEqual(undisturbed)
})

test('a provisioner that has to wait too long names the process it waits for', async () => {
  const tenant = await requested()
  let free = (): void => {}
  const freed = new Promise<void>((resolve) => (free = resolve))
  let began = (): void => {}
  const begun = new Promise<void>((resolve) => (began = resolve))
  const first = provisionTenant(database.admin, tenant, {
    onStep: async () => {
      began()
      await freed
    },
  })
  await begun
  await expect(provisionTenant(database.admin, tenant, { wait: 50 })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/was not free within 50 ms \(held by pid \d+, \d+ s\)/),
  })
  free()
  expect((await first).tenant.state).toBe('active')
})

test('a provisioner whose lease was taken over stops before it does harm', async () => {
  const tenant = await requested()
  const overtaken = provisionTenant(database.admin, tenant, {
    onStep: async (step) => {
      if (step !== 'schema') return
      await database.admin.query(
        `update public.tenant_schemas set lease_owner = 'somebody else' where schema_name = $1`,
        [schemaOf(tenant)],
      )
    },
  })
  await expect(overtaken).rejects.toThrow('is being provisioned by another process')
  expect(await schemaExists(tenant)).toBe(false)
  expect(await showTenant(database.admin, tenant)).toMatchObject({
    state: 'provisioning',
    leaseOwner: 'somebody else',
  })
})
