import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acquireLock } from '../../src/database/advisory-lock.js'
import { withClient } from '../../src/database/owner-transaction.js'
import { resumeFleetRun } from '../../src/fleet/fleet-run.js'
import { migrateUp, type MigrateUpOptions } from '../../src/fleet/migrate-up.js'
import { loadMigrations, type MigrationCatalogue } from '../../src/fleet/migration-files.js'
import { markApplied, redoMigrations } from '../../src/fleet/redo.js'
import { cancelRun, pauseRun } from '../../src/fleet/run-control.js'
import { claimItems, runnerLockName } from '../../src/fleet/run-items.js'
import { findRun, listRuns, showRun, type FleetRun } from '../../src/fleet/run-record.js'
import { latestVersions, startRun } from '../../src/fleet/start-run.js'
import { watchRun } from '../../src/fleet/watch-run.js'
import { schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { withMigration } from '../support/catalogue.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { newTenant, tablesOf } from '../support/new-tenant.js'

let files: MigrationCatalogue
let database: TestDatabase
let tenants: TenantId[]
beforeAll(async () => {
  files = await loadMigrations()
  database = await freshDatabase()
  tenants = []
  for (let count = 0; count < 5; count += 1) tenants.push(await newTenant(database.admin))
  tenants.sort()
})
afterAll(() => database?.drop())

/** Every test adds its own step to what the tests before it added. */
function extend(name: string, up: string, down = ''): MigrationCatalogue {
  files = withMigration(files, { module: 'core', name, up, down })
  return files
}
const latest = (): number => files.modules.get('core')!.migrations.length
const up = (options: MigrateUpOptions = {}) =>
  migrateUp(database.admin, files, { concurrency: 1, ...options })

/** Makes a table where a step is going to make one of the same name. */
async function obstruct(table: string, where: readonly (TenantId | undefined)[]): Promise<void> {
  for (const tenant of where)
    await database.admin.query(`create table ${schemaOf(tenant!)}.${table} (id integer)`)
}

async function mend(table: string, where: readonly (TenantId | undefined)[]): Promise<void> {
  for (const tenant of where) await database.admin.query(`drop table ${schemaOf(tenant!)}.${table}`)
}

/** How often each tenant has a table whose step writes one row: never twice. */
async function rowsIn(table: string): Promise<number[]> {
  const counts = tenants.map(async (tenant) => {
    const { rows } = await database.admin.query<{ count: number }>(
      `select count(*)::integer as count from ${schemaOf(tenant)}.${table}`,
    )
    return rows[0]!.count
  })
  return Promise.all(counts)
}

test('a run is recorded with what it did in every tenant; where nothing is to be done there is none', async () => {
  const { run: none } = await up()
  expect(none).toBeUndefined()
  extend('recorded', 'create table recorded (id integer);')
  const { run } = await up()
  const shown = await showRun(database.admin, run!)
  expect(shown).toMatchObject({
    kind: 'migrate',
    status: 'succeeded',
    total: 5,
    targetVersions: latestVersions(files),
    counts: { succeeded: 5, failed: 0, pending: 0, running: 0, skipped: 0 },
    runners: [],
  })
  expect(shown.items.map(({ tenant }) => tenant)).toEqual(tenants)
  expect(
    shown.items.every(({ steps, attempts, duration }) => steps === 1 && attempts === 1 && duration !== null),
  ).toBe(true)
  const { rows } = await database.admin.query<{ id: string }>(
    `select distinct fleet_run_id as id from public.schema_migrations where migration_name like '%_recorded'`,
  )
  expect(rows).toEqual([{ id: run }])
})

describe('waves', () => {
  test('the canary comes first, and when too many of it fail the rest is not begun', async () => {
    extend('canary', 'create table canary (id integer);')
    await obstruct('canary', [tenants[0]])
    const waves: number[] = []
    const outcome = await up({
      canary: { count: 2 },
      waveSize: { count: 2 },
      maxFailureRate: 20,
      onProgress: (event) => void (event.type === 'wave' && waves.push(event.wave)),
    })
    expect(outcome).toMatchObject({
      status: 'failed',
      stopped: 'wave 0: 1 of 2 tenants failed, more than the 20% allowed',
      failures: [{ tenant: tenants[0] }],
    })
    expect(waves).toEqual([0])
    expect(outcome.untouched).toEqual(tenants.slice(1))

    await mend('canary', [tenants[0]])
    const resumed = await resumeFleetRun(database.admin, files, outcome.run!, { concurrency: 2 })
    expect(resumed).toMatchObject({
      run: outcome.run,
      status: 'succeeded',
      steps: 5,
      failures: [],
      untouched: [],
    })
    const { items } = await showRun(database.admin, outcome.run!)
    expect(items.map(({ tenant, wave, attempts }) => [tenant, wave, attempts])).toEqual([
      [tenants[0], 0, 2],
      [tenants[1], 0, 1],
      [tenants[2], 1, 1],
      [tenants[3], 1, 1],
      [tenants[4], 2, 1],
    ])
  })

  test('a run may have so many failures and not one more', async () => {
    extend('counted', 'create table counted (id integer);')
    await obstruct('counted', [tenants[1], tenants[2]])
    const outcome = await up({ maxFailures: 1 })
    expect(outcome).toMatchObject({ stopped: '2 tenants failed, more than the 1 allowed' })
    expect(outcome.untouched).toEqual(tenants.slice(3))
    await mend('counted', [tenants[1], tenants[2]])
    // A new run does as well as a resumed one; the old one has nothing left then.
    expect(await up()).toMatchObject({ steps: 4, failures: [], status: 'succeeded' })
    expect(await resumeFleetRun(database.admin, files, outcome.run!)).toMatchObject({
      steps: 0,
      status: 'succeeded',
    })
  })

  test('a failure within the limits stops nobody, and is tried again by a resumed run', async () => {
    extend('within', 'create table within (id integer);')
    await obstruct('within', [tenants[4]])
    const outcome = await up({ canary: { percent: 20 }, maxFailureRate: 50 })
    expect(outcome).toMatchObject({ status: 'failed', stopped: undefined, steps: 4, untouched: [] })
    const failing = await resumeFleetRun(database.admin, files, outcome.run!)
    expect(failing.failures).toMatchObject([
      { tenant: tenants[4], reason: expect.stringContaining('already exists') },
    ])
    await mend('within', [tenants[4]])
    expect(await resumeFleetRun(database.admin, files, outcome.run!)).toMatchObject({
      steps: 1,
      status: 'succeeded',
    })
  })
})

describe('several runners', () => {
  test('share one run, and do every tenant once', async () => {
    extend('shared', 'create table shared (id integer); insert into shared values (1);')
    const outcomes = await Promise.all([
      up({ concurrency: 2 }),
      up({ concurrency: 2 }),
      up({ concurrency: 2 }),
    ])
    expect(new Set(outcomes.filter(({ run }) => run !== undefined).map(({ run }) => run)).size).toBe(1)
    expect(outcomes.reduce((sum, { steps }) => sum + steps, 0)).toBe(5)
    expect(await rowsIn('shared')).toEqual([1, 1, 1, 1, 1])
  })

  test('a runner that is gone leaves what it had claimed to the next one at once', async () => {
    extend('left', 'create table left_behind (id integer);')
    const run = await begin()
    expect(await claimItems(database.admin, run.id, 'gone', 3)).toHaveLength(3)
    expect(await up()).toMatchObject({ run: run.id, steps: 5, status: 'succeeded' })
  })

  test('what a living runner has claimed is left to it until its lease ends', async () => {
    extend('leased', 'create table leased (id integer);')
    const run = await begin()
    await withClient(database.admin, async (living) => {
      await acquireLock(living, runnerLockName('living'), 0)
      const [claimed] = await claimItems(database.admin, run.id, 'living', 1)
      const working = up({ concurrency: 2 })
      for await (const { counts } of watchRun(database.admin, run.id, { interval: 20 })) {
        if (counts.succeeded === 4) break
      }
      expect(await tablesOf(database.admin, tenants[0]!)).not.toContain('leased')
      expect(claimed?.schemaName).toBe(schemaOf(tenants[0]!))
      await database.admin.query(
        `update public.fleet_run_items set lease_until = now() - interval '1 second' where lease_owner = 'living'`,
      )
      expect(await working).toMatchObject({ steps: 5, status: 'succeeded' })
    })
  })

  async function begin(): Promise<FleetRun> {
    const started = await startRun(database.admin, files, {
      work: { kind: 'migrate', module: null, targetVersion: null, targetVersions: latestVersions(files) },
    })
    return started!.run
  }
})

describe('a run that is going on', () => {
  test('can be paused by anybody, is watched to its rest, and goes on where it was', async () => {
    extend('paused', 'create table paused (id integer); insert into paused values (1);')
    let pausing: Promise<FleetRun> | undefined
    const outcome = await up({
      onProgress: (event) => {
        if (event.type === 'done' && event.tenant === tenants[0]) pausing = pauseRun(database.admin, 'latest')
      },
    })
    await pausing
    expect(outcome).toMatchObject({ status: 'paused', stopped: 'it was paused' })
    expect(outcome.untouched.length).toBeGreaterThan(0)
    const seen: FleetRun[] = []
    for await (const run of watchRun(database.admin, outcome.run!)) seen.push(run)
    expect(seen.map(({ status }) => status)).toEqual(['paused'])
    expect(await resumeFleetRun(database.admin, files, 'latest')).toMatchObject({
      run: outcome.run,
      status: 'succeeded',
    })
    expect(await rowsIn('paused')).toEqual([1, 1, 1, 1, 1])
  })

  test('stops in order when its runner is told to, and is paused then', async () => {
    extend('stopped', 'create table stopped (id integer);')
    const stopping = new AbortController()
    const outcome = await up({
      signal: stopping.signal,
      onProgress: (event) => void (event.type === 'tenant' && stopping.abort()),
    })
    expect(outcome).toMatchObject({ status: 'paused', stopped: 'its runner was stopped', steps: 1 })
    expect(outcome.untouched).toEqual(tenants.slice(1))
    expect(await resumeFleetRun(database.admin, files, outcome.run!)).toMatchObject({
      steps: 4,
      status: 'succeeded',
    })
  })

  test('once cancelled stays so', async () => {
    extend('cancelled', 'create table cancelled (id integer);')
    const stopping = new AbortController()
    stopping.abort()
    const { run } = await up({ signal: stopping.signal })
    await cancelRun(database.admin, run!)
    await cancelRun(database.admin, run!)
    await expect(resumeFleetRun(database.admin, files, run!)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('is cancelled and cannot be resumed'),
    })
    await expect(pauseRun(database.admin, run!)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await up()).toMatchObject({ steps: 5, status: 'succeeded' })
  })

  test('has a last wave for a tenant that was made before its end', async () => {
    const older = files
    extend('later', 'create table later (id integer);')
    const started = await startRun(database.admin, files, {
      work: { kind: 'migrate', module: null, targetVersion: null, targetVersions: latestVersions(files) },
      selection: {},
    })
    const late = await newTenant(database.admin, { migrations: older })
    const current = await newTenant(database.admin, { migrations: files })
    expect(await resumeFleetRun(database.admin, files, started!.run.id)).toMatchObject({
      steps: 6,
      tenants: 6,
    })
    const { items } = await showRun(database.admin, started!.run.id)
    expect(items.find(({ tenant }) => tenant === late)).toMatchObject({ wave: 1, status: 'succeeded' })
    expect(items.find(({ tenant }) => tenant === current)).toBeUndefined()
    await retire(late)
    await retire(current)
  })

  test('leaves out a tenant that is archived meanwhile', async () => {
    extend('gone', 'create table gone (id integer);')
    const started = await startRun(database.admin, files, {
      work: { kind: 'migrate', module: null, targetVersion: null, targetVersions: latestVersions(files) },
    })
    const [first] = tenants
    await database.admin.query(`update public.tenant_schemas set state = 'archived' where schema_name = $1`, [
      schemaOf(first!),
    ])
    expect(await resumeFleetRun(database.admin, files, started!.run.id)).toMatchObject({
      steps: 4,
      skipped: [first],
    })
    await database.admin.query(`update public.tenant_schemas set state = 'active' where schema_name = $1`, [
      schemaOf(first!),
    ])
    expect(await up()).toMatchObject({ steps: 1 })
  })

  /** Takes a tenant out of the fleet of the tests that follow. */
  async function retire(tenant: TenantId): Promise<void> {
    await database.admin.query(
      `update public.tenant_schemas set state = 'deprovisioning' where schema_name = $1`,
      [schemaOf(tenant)],
    )
  }
})

describe('tenants are chosen', () => {
  test('by plan, by module, and by not being dormant', async () => {
    extend('chosen', 'create table chosen (id integer);')
    const [a, b, c] = tenants
    await database.admin.query(`update public.organizations set plan = 'pro' where org_key = any($1)`, [
      [a, b],
    ])
    await database.admin.query(
      `update public.tenant_schemas set last_active_at = now() - interval '100 days' where schema_name = any($1)`,
      [[schemaOf(b!), schemaOf(c!)]],
    )
    const metered = await newTenant(database.admin, { modules: ['usage'], migrations: files })
    extend('chosen_too', 'create table chosen_too (id integer);')
    expect(await up({ modules: ['usage'] })).toMatchObject({ tenants: 1, steps: 1 })
    expect(await tablesOf(database.admin, metered)).toContain('chosen_too')
    expect(await up({ plans: ['pro'], dormantFor: 'P90D' })).toMatchObject({
      tenants: 1,
      steps: 2,
      skipped: [b],
    })
    expect(await up({ dormantFor: 'P90D' })).toMatchObject({ tenants: 2, steps: 4, skipped: [b, c].sort() })
    expect(await up()).toMatchObject({ tenants: 2, steps: 4, skipped: [] })
  })

  test.each<[string, MigrateUpOptions, RegExp]>([
    ['a plan', { plans: ['entreprise'] }, /There is no plan entreprise \(did you mean enterprise\?\)/],
    ['a module', { modules: ['usag'] }, /There is no module usag \(did you mean usage\?\)/],
    ['a target', { targets: { cor: 1 } }, /No tenant has migrations called cor \(did you mean core\?\)/],
    ['a target’s version', { targets: { core: 9_999 } }, /core has versions 1 to \d+; there is no 9999/],
  ])('%s that is not there is named', async (_, options, reason) => {
    await expect(up(options)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(reason),
    })
  })

  test('a mistyped tenant is named with the one that was meant, also among the exceptions', async () => {
    const mistyped = `${tenants[0]!.slice(0, -1)}_` as TenantId
    for (const options of [{ only: [mistyped] }, { except: [mistyped] }]) {
      await expect(up(options)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining(`${mistyped} (did you mean ${tenants[0]}?)`),
      })
    }
  })

  test('a target brings only its module, and only so far', async () => {
    extend('half', 'create table half (id integer);')
    const half = latest()
    extend('whole', 'create table whole (id integer);')
    expect(await up({ only: [tenants[0]!], targets: { usage: 1 } })).toMatchObject({
      steps: 0,
      run: undefined,
    })
    expect(await up({ only: [tenants[0]!], targets: { core: half } })).toMatchObject({ steps: 1 })
    expect(await tablesOf(database.admin, tenants[0]!)).not.toContain('whole')
    expect(await up()).toMatchObject({ failures: [], status: 'succeeded' })
  })
})

test('a redo takes the last step back and makes it again, also when it was interrupted in between', async () => {
  extend('again', 'create table again (id integer); insert into again values (1);', 'drop table again;')
  await up()
  for (const tenant of tenants) await database.admin.query(`insert into ${schemaOf(tenant)}.again values (2)`)
  const [broken] = tenants
  // Taking it back works, making it again does not: something else has its name by then.
  await database.admin.query(
    `create function ${schemaOf(broken!)}.obstruct() returns event_trigger language plpgsql as $$ begin
       if exists (select from pg_event_trigger_dropped_objects() where schema_name = '${schemaOf(broken!)}'
         and object_name = 'again') then create table ${schemaOf(broken!)}.again (id integer); end if; end $$;
     create event trigger obstruct on sql_drop execute function ${schemaOf(broken!)}.obstruct()`,
  )
  const outcome = await redoMigrations(database.admin, files, { module: 'core', concurrency: 1 })
  await database.admin.query(`drop event trigger obstruct; drop table ${schemaOf(broken!)}.again`)
  expect(outcome).toMatchObject({
    failures: [{ tenant: broken, reason: expect.stringContaining('already exists') }],
  })
  expect(await resumeFleetRun(database.admin, files, outcome.run!)).toMatchObject({
    steps: 1,
    status: 'succeeded',
  })
  expect(await rowsIn('again')).toEqual([1, 1, 1, 1, 1])
  await database.admin.query(`drop function ${schemaOf(broken!)}.obstruct()`)
})

test('steps can be marked as applied without being run, and count from then on', async () => {
  extend('by_hand', 'create table by_hand (id integer);')
  const [mended, ...others] = tenants
  await obstruct('by_hand', [mended])
  expect(
    await markApplied(database.admin, files, { module: 'core', to: latest(), only: [mended!] }),
  ).toMatchObject({
    steps: 1,
    status: 'succeeded',
  })
  const { rows } = await database.admin.query(
    `select m.status, t.schema_versions ->> 'core' as version from public.schema_migrations m
     join public.tenant_schemas t using (schema_name) where schema_name = $1 and migration_name like '%_by_hand'`,
    [schemaOf(mended!)],
  )
  expect(rows).toEqual([{ status: 'baseline', version: String(latest()) }])
  expect(await up({ only: [mended!, ...others] })).toMatchObject({ tenants: 4, failures: [] })
})

test('a statement that takes longer than it may is a failure of its tenant', async () => {
  const slow = withMigration(files, { module: 'core', name: 'slow', up: 'select pg_sleep(5);' })
  const { failures } = await migrateUp(database.admin, slow, {
    only: [tenants[0]!],
    patience: { lockTimeout: 500, attempts: 1, statementTimeout: 50 },
  })
  expect(failures[0]?.reason).toContain('statement timeout')
})

test('a connection that is cut in the middle of a step costs nothing but the time', async () => {
  extend('cut', 'create table cut (id integer); insert into cut values (1); select pg_sleep(0.3);')
  let cut: Promise<unknown> | undefined
  const watching = setInterval(() => {
    cut ??= database.admin
      .query<{ ended: boolean }>(
        `select pg_terminate_backend(pid) as ended from pg_stat_activity
         where datname = current_database() and query like '%create table cut%' and state = 'active'
           and pid <> pg_backend_pid()`,
      )
      .then(({ rowCount }) => (rowCount === 0 ? (cut = undefined) : undefined))
  }, 20)
  const outcome = await up({ concurrency: 2 })
  clearInterval(watching)
  await cut
  expect(outcome).toMatchObject({ failures: [], status: 'succeeded' })
  expect(await rowsIn('cut')).toEqual([1, 1, 1, 1, 1])
  const { items } = await showRun(database.admin, outcome.run!)
  expect(Math.max(...items.map(({ attempts }) => attempts))).toBe(2)
})

test('tenants claimed over a connection that is lost before they are begun are begun all the same', async () => {
  extend('claimed', 'create table claimed (id integer); insert into claimed values (1);')
  const pool = database.pool(database.adminUrl, 3)
  const sockets: Socket[] = []
  pool.on('connect', (client) => {
    sockets.push((client as unknown as { connection: { stream: Socket } }).connection.stream)
  })
  let waves = 0
  const outcome = await migrateUp(pool, files, {
    concurrency: 2,
    onProgress: ({ type }) => {
      // Told between the claim and the look at what the claimed ones lack; later waves are left alone.
      if (type === 'wave' && waves++ === 0) for (const socket of sockets) socket.destroy()
    },
  })
  expect(outcome).toMatchObject({ failures: [], status: 'succeeded' })
  expect(await rowsIn('claimed')).toEqual([1, 1, 1, 1, 1])
  const { items } = await showRun(database.admin, outcome.run!)
  expect(items.filter(({ attempts }) => attempts === 2)).toHaveLength(2)
})

test('runs are listed newest first, by their state; one that is not there is named', async () => {
  const runs = await listRuns(database.admin, { statuses: ['cancelled'] })
  expect(runs.map(({ status }) => status)).toEqual(['cancelled'])
  const [newest, next] = await listRuns(database.admin, { limit: 2 })
  expect(newest!.createdAt > next!.createdAt).toBe(true)
  expect((await findRun(database.admin, 'latest')).id).toBe(newest!.id)
  await expect(findRun(database.admin, 'last')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  await expect(findRun(database.admin, '0198c0de-0000-7000-8000-000000000000')).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
})

test('a run of a newer program is not resumed by an older one, which would find nothing to do', async () => {
  extend('unknown_to_old', 'create table unknown_to_old (id integer);')
  const { run } = await up()
  await expect(resumeFleetRun(database.admin, await loadMigrations(), run!)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining(`is about core ${latest()}, which this program does not know`),
  })
})

test('tenants cannot be worked on while the shared schema is behind the program', async () => {
  const next = withMigration(files, { module: 'public', name: 'ahead', up: 'select 1;' })
  await expect(redoMigrations(database.admin, next, { module: 'core' })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/shared schema lacks 1 migration .* orgscope migrate up/),
  })
})
