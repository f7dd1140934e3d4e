import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadMigrations, type MigrationCatalogue } from '../../../src/fleet/migration-files.js'
import { checkArchive } from '../../../src/tenancy/archive/check-archive.js'
import { exportTenant } from '../../../src/tenancy/archive/export-tenant.js'
import { importTenant } from '../../../src/tenancy/archive/import-tenant.js'
import { schemaOf } from '../../../src/tenancy/tenant-id.js'
import { canaryOf } from '../../isolation/support/canary.js'
import { plantCanaries } from '../../isolation/support/plant.js'
import { fingerprint } from '../../support/catalogue.js'
import { freshDatabase, type TestDatabase } from '../../support/database.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'
import { contentsOf } from './support/contents.js'

let gateway: TestGateway
let elsewhere: TestDatabase
let acme: TestOrganization
let folder: string
let migrations: MigrationCatalogue
beforeAll(async () => {
  migrations = await loadMigrations()
  gateway = await TestGateway.start()
  elsewhere = await freshDatabase()
  acme = await gateway.organization()
  const barren = await plantCanaries(gateway.database.admin, canaryOf(acme))
  expect(barren).toEqual([])
  folder = await mkdtemp(join(tmpdir(), 'orgscope-archives-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await gateway?.close()
  await elsewhere?.drop()
})

test('a tenant arrives in another installation with every row of every table', async () => {
  const { admin } = gateway.database
  const to = join(folder, 'whole')
  const exported = await exportTenant(admin, acme.id, to)
  const archive = await checkArchive(to, migrations)
  const imported = await importTenant(elsewhere.admin, archive, { migrations })
  expect(imported.tenant).toMatchObject({ tenant: acme.id, state: 'active' })
  const before = await contentsOf(admin, schemaOf(acme.id))
  const after = await contentsOf(elsewhere.admin, schemaOf(acme.id))
  expect(after).toEqual(before)
  expect(exported.rows).toBeGreaterThan(100)
  expect(await fingerprint(elsewhere.admin, schemaOf(acme.id))).toEqual(
    await fingerprint(admin, schemaOf(acme.id)),
  )
})
