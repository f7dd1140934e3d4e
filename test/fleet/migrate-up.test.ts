import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acquireLock, releaseLock, schemaLockName } from '../../src/database/advisory-lock.js'
import { withClient } from '../../src/database/owner-transaction.js'
import { prepareCluster } from '../../src/database/prepare-cluster.js'
import { migrateUp } from '../../src/fleet/migrate-up.js'
import { loadMigrations, type MigrationCatalogue } from '../../src/fleet/migration-files.js'
import type { FleetProgress } from '../../src/fleet/progress.js'
import { schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { withMigration } from '../support/catalogue.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { newTenant, tablesOf } from '../support/new-tenant.js'

let files: MigrationCatalogue
beforeAll(async () => {
  files = await loadMigrations()
})

const impatient = { lockTimeout: 100, attempts: 3 }

async function ledgerOf(database: TestDatabase, schema: string, module: string) {
  const { rows } = await database.admin.query<{ version: number; status: string; error: string | null }>(
    `select version, status, error from public.schema_migrations where schema_name = $1 and module = $2 order by version`,
    [schema, module],
  )
  return rows
}

describe('an empty database', () => {
  test('is migrated once by two runners at once', async () => {
    const database = await freshDatabase({ from: null })
    try {
      await prepareCluster({ admin: database.admin })
      const outcomes = await Promise.all([migrateUp(database.admin, files), migrateUp(database.admin, files)])
      expect(outcomes.map(({ failures }) => failures)).toEqual([[], []])
      expect(outcomes.map(({ steps }) => steps).sort((a, b) => a - b)).toEqual([
        0,
        files.shared.migrations.length,
      ])
      expect(await ledgerOf(database, 'public', 'public')).toHaveLength(files.shared.migrations.length)
    } finally {
      await database.drop()
    }
  })

  test('keeps nothing of a first file that fails, and can be migrated afterwards', async () => {
    const database = await freshDatabase({ from: null })
    try {
      await prepareCluster({ admin: database.admin })
      const broken = withMigration(
        { shared: { module: 'public', migrations: [], defaultData: undefined }, modules: new Map() },
        { module: 'public', name: 'broken', up: 'create table public.half (id integer);\nselect 1 / 0;' },
      )
      const { failures, steps } = await migrateUp(database.admin, broken)
      expect(steps).toBe(0)
      expect(failures).toMatchObject([
        { migration: '0001_broken', reason: expect.stringContaining('division by zero') },
      ])
      expect(await tablesOf(database.admin, 'public')).toEqual([])
      expect(await migrateUp(database.admin, files)).toMatchObject({ failures: [] })
    } finally {
      await database.drop()
    }
  })
})

describe('a fleet', () => {
  let database: TestDatabase
  let tenants: TenantId[]
  beforeAll(async () => {
    database = await freshDatabase()
    tenants = []
    for (let count = 0; count < 4; count += 1) tenants.push(await newTenant(database.admin))
  })
  afterAll(() => database?.drop())

  /** Every test adds its own step to what the tests before it added. */
  function extend(name: string, up: string, module = 'core'): MigrationCatalogue {
    files = withMigration(files, { module, name, up })
    return files
  }
  const fleet = (): TenantId[] => [...tenants].sort()
  const latest = (): number => files.modules.get('core')!.migrations.length

  test('a new file reaches every tenant, with its ledger row and its version', async () => {
    const events: FleetProgress[] = []
    const outcome = await migrateUp(database.admin, extend('notes', 'create table notes (id uuid);'), {
      concurrency: 2,
      onProgress: (event) => events.push(event),
    })
    expect(outcome).toMatchObject({ steps: 4, tenants: 4, failures: [], untouched: [] })
    expect(events[0]).toMatchObject({ type: 'planned', tenants: 4, steps: 4, concurrency: 2 })
    expect(events.filter(({ type }) => type === 'tenant')).toHaveLength(4)
    for (const tenant of tenants) {
      expect(await tablesOf(database.admin, tenant)).toContain('notes')
      expect((await ledgerOf(database, schemaOf(tenant), 'core')).at(-1)).toMatchObject({
        version: latest(),
        status: 'applied',
      })
    }
    const { rows } = await database.admin.query(
      `select distinct schema_versions ->> 'core' as version from public.tenant_schemas`,
    )
    expect(rows).toEqual([{ version: String(latest()) }])
    expect(await migrateUp(database.admin, files)).toMatchObject({ steps: 0, tenants: 0 })
  })

  test('tables belong to the owner and the tenant may use them as the file says', async () => {
    await migrateUp(
      database.admin,
      extend(
        'granted',
        `create table granted (id uuid, said text default ':tenant_role'::text);\ngrant select on granted to :tenant_role;`,
      ),
    )
    const { rows } = await database.admin.query(
      `select relowner::regrole::text as owner, relacl::text as acl from pg_class
       where relnamespace = $1::regnamespace and relname = 'granted'`,
      [schemaOf(tenants[0]!)],
    )
    expect(rows).toEqual([
      { owner: 'orgscope_owner', acl: expect.stringContaining(`${schemaOf(tenants[0]!)}=r/orgscope_owner`) },
    ])
  })

  test('one tenant’s failure leaves it as it was, is recorded, and stops nobody else', async () => {
    const [unlucky, ...lucky] = fleet()
    await database.admin.query(`create table ${schemaOf(unlucky!)}.twice (id integer)`)
    const outcome = await migrateUp(
      database.admin,
      extend('twice', 'create table before_twice (id integer);\ncreate table twice (id integer);'),
      { concurrency: 1 },
    )
    expect(outcome.failures).toEqual([
      {
        schemaName: schemaOf(unlucky!),
        tenant: unlucky,
        module: 'core',
        migration: expect.stringMatching(/_twice$/),
        reason: expect.stringMatching(/already exists/),
        heldBy: undefined,
      },
    ])
    expect(await tablesOf(database.admin, unlucky!)).not.toContain('before_twice')
    expect((await ledgerOf(database, schemaOf(unlucky!), 'core')).at(-1)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('already exists'),
    })
    for (const tenant of lucky) expect(await tablesOf(database.admin, tenant)).toContain('twice')

    await database.admin.query(`drop table ${schemaOf(unlucky!)}.twice`)
    expect(await migrateUp(database.admin, files)).toMatchObject({ steps: 1, failures: [] })
    expect((await ledgerOf(database, schemaOf(unlucky!), 'core')).at(-1)).toMatchObject({
      status: 'applied',
      error: null,
    })
  })

  test('an error is told with the file and the line it is in', async () => {
    const { failures } = await migrateUp(
      database.admin,
      extend('typo', '-- a comment\nselect 1;\nselect nothing\n  from nowhere;'),
      { only: [fleet()[0]!] },
    )
    const file = files.modules.get('core')!.migrations.at(-1)!.up.file
    expect(failures[0]?.reason).toMatch(`${file}:4: relation "nowhere" does not exist`)
    // Later tests go on from a file that works.
    const modules = new Map(files.modules)
    modules.set('core', { ...modules.get('core')!, migrations: modules.get('core')!.migrations.slice(0, -1) })
    files = { ...files, modules }
  })

  test('failing fast begins no further tenant', async () => {
    const [first] = fleet()
    await database.admin.query(`create table ${schemaOf(first!)}.fast (id integer)`)
    const outcome = await migrateUp(database.admin, extend('fast', 'create table fast (id integer);'), {
      concurrency: 1,
      failFast: true,
    })
    expect(outcome).toMatchObject({ steps: 0, failures: [{ tenant: first }], untouched: fleet().slice(1) })
    await database.admin.query(`drop table ${schemaOf(first!)}.fast`)
    expect(await migrateUp(database.admin, files)).toMatchObject({ steps: 4, failures: [] })
  })

  test('some tenants can be chosen, others left out; an unknown one is named', async () => {
    const [a, b, c] = fleet()
    extend('chosen', 'create table chosen (id integer);')
    expect(await migrateUp(database.admin, files, { only: [a!] })).toMatchObject({ steps: 1 })
    expect(await migrateUp(database.admin, files, { except: [b!, c!] })).toMatchObject({ steps: 1 })
    expect(await tablesOf(database.admin, b!)).not.toContain('chosen')
    expect(await migrateUp(database.admin, files)).toMatchObject({ steps: 2 })
    await expect(migrateUp(database.admin, files, { only: ['nobody' as TenantId] })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('nobody'),
    })
  })

  test('a changed file is refused by name before anything is done', async () => {
    const [first, ...rest] = files.shared.migrations
    const changed: MigrationCatalogue = {
      ...files,
      shared: { ...files.shared, migrations: [{ ...first!, checksum: '0'.repeat(64) }, ...rest] },
    }
    const next = withMigration(changed, {
      module: 'core',
      name: 'never',
      up: 'create table never (id integer);',
    })
    await expect(migrateUp(database.admin, next)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(first!.up.file),
    })
    for (const tenant of tenants) expect(await tablesOf(database.admin, tenant)).not.toContain('never')
  })

  test('a table lock is waited for, tried again, and then told with the pid that holds it', async () => {
    const [busy] = fleet()
    extend('locked', 'alter table teams add column locked integer;')
    await withClient(database.admin, async (holder) => {
      await holder.query(`begin; lock table ${schemaOf(busy!)}.teams in access share mode`)
      const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid')
      const retries: FleetProgress[] = []
      const outcome = await migrateUp(database.admin, files, {
        patience: impatient,
        onProgress: (event) => void (event.type === 'retrying' && retries.push(event)),
      })
      expect(outcome).toMatchObject({ steps: 3, failures: [{ tenant: busy, heldBy: rows[0]!.pid }] })
      expect(outcome.failures[0]?.reason).toMatch(`lock timeout after 3 tries (held by pid ${rows[0]!.pid}, `)
      expect(retries.map((event) => (event as { attempt: number }).attempt)).toEqual([1, 2])
      await holder.query('rollback')
    })
    expect(await migrateUp(database.admin, files)).toMatchObject({ steps: 1, failures: [] })
  })

  test('a lock that becomes free in time does no harm', async () => {
    const [busy] = fleet()
    extend('patient', 'alter table teams add column patient integer;')
    await withClient(database.admin, async (holder) => {
      await holder.query(`begin; lock table ${schemaOf(busy!)}.teams in access share mode`)
      const outcome = await migrateUp(database.admin, files, {
        patience: impatient,
        onProgress: (event) => void (event.type === 'retrying' && holder.query('rollback')),
      })
      expect(outcome).toMatchObject({ steps: 4, failures: [] })
    })
  })

  test('a schema another session is changing is left to it, and told with its pid', async () => {
    const [busy] = fleet()
    extend('elsewhere', 'create table elsewhere (id integer);')
    await withClient(database.admin, async (holder) => {
      const lock = schemaLockName(schemaOf(busy!))
      await acquireLock(holder, lock, 0)
      const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid')
      const { failures } = await migrateUp(database.admin, files, { patience: impatient })
      expect(failures).toMatchObject([{ tenant: busy, heldBy: rows[0]!.pid }])
      await releaseLock(holder, lock)
    })
    expect(await migrateUp(database.admin, files)).toMatchObject({ steps: 1, failures: [] })
  })

  test('runners at once do every step once', async () => {
    extend('together', 'create table together (id integer);')
    const outcomes = await Promise.all([migrateUp(database.admin, files), migrateUp(database.admin, files)])
    expect(outcomes.flatMap(({ failures }) => failures)).toEqual([])
    for (const tenant of tenants) expect(await tablesOf(database.admin, tenant)).toContain('together')
  })

  test('a file that refuses a transaction runs statement by statement, again after an interruption', async () => {
    const [interrupted] = fleet()
    extend(
      'concurrent',
      `-- orgscope: no-transaction\ndrop index concurrently if exists teams_name_idx;\n` +
        `create index concurrently teams_name_idx on teams (name);`,
    )
    const step = files.modules.get('core')!.migrations.at(-1)!
    // What a process that was killed halfway leaves: the row of its start, and an index that is not valid.
    await database.admin.query(`create index teams_name_idx on ${schemaOf(interrupted!)}.teams (name)`)
    await database.admin.query(
      `insert into public.schema_migrations (schema_name, module, version, migration_name, checksum, status)
       values ($1, 'core', $2, $3, $4, 'started')`,
      [schemaOf(interrupted!), step.version, step.name, step.checksum],
    )
    expect(await migrateUp(database.admin, files)).toMatchObject({ steps: 4, failures: [] })
    for (const tenant of tenants) {
      const { rows } = await database.admin.query(
        `select indisvalid as valid from pg_index where indexrelid = ($1 || '.teams_name_idx')::regclass`,
        [schemaOf(tenant)],
      )
      expect(rows).toEqual([{ valid: true }])
      expect((await ledgerOf(database, schemaOf(tenant), 'core')).at(-1)).toMatchObject({ status: 'applied' })
    }
    // Nothing of the sessions' settings stays behind on the pool's connections.
    const settings = await Promise.all(
      Array.from({ length: 10 }, () =>
        database.admin.query(
          `select current_user = session_user as self, current_setting('search_path') as path`,
        ),
      ),
    )
    expect(new Set(settings.map(({ rows }) => JSON.stringify(rows)))).toEqual(
      new Set([JSON.stringify([{ self: true, path: '"$user", public' }])]),
    )
  })

  test('such a file that fails stays recorded as started, with its error', async () => {
    const [first] = fleet()
    const broken = withMigration(files, {
      module: 'core',
      name: 'broken',
      up: '-- orgscope: no-transaction\ncreate index concurrently broken_idx on teams (no_such_column);',
    })
    const { failures } = await migrateUp(database.admin, broken, { only: [first!] })
    expect(failures[0]?.reason).toContain('no_such_column')
    expect((await ledgerOf(database, schemaOf(first!), 'core')).at(-1)).toMatchObject({
      status: 'started',
      error: expect.stringContaining('no_such_column'),
    })
    await database.admin.query(`delete from public.schema_migrations where status = 'started'`)
  })

  test('a schema that is gone is an error, never a table in public', async () => {
    const lost = await newTenant(database.admin, { migrations: files })
    await database.admin.query(`drop schema ${schemaOf(lost)} cascade`)
    extend('stray', 'create table stray (id integer);')
    const next = extend('stray_too', 'create table stray_too (id integer);')
    const { failures } = await migrateUp(database.admin, next)
    expect(failures).toMatchObject([{ tenant: lost, reason: expect.stringContaining('does not exist') }])
    expect(await tablesOf(database.admin, 'public')).not.toContain('stray')
  })

  test('a program older than the database says which steps it does not know', async () => {
    const older = await loadMigrations()
    const { unknown, failures } = await migrateUp(database.admin, older)
    expect(failures).toEqual([])
    expect(unknown.map(({ migrationName }) => migrationName)).toContain(
      files.modules.get('core')!.migrations.at(-1)!.name,
    )
  })

  test('tenants are not touched when schema public fails', async () => {
    let next = withMigration(files, { module: 'public', name: 'broken', up: 'select 1 / 0;' })
    next = withMigration(next, {
      module: 'core',
      name: 'after',
      up: 'create table after_public (id integer);',
    })
    const outcome = await migrateUp(database.admin, next)
    expect(outcome).toMatchObject({ steps: 0, failures: [{ schemaName: 'public' }] })
    expect(outcome.untouched).toEqual(expect.arrayContaining(tenants))
    for (const tenant of tenants) expect(await tablesOf(database.admin, tenant)).not.toContain('after_public')
  })
})
