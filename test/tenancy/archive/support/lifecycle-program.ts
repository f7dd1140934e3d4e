/**
 * Exports, imports, archives or restores a tenant in a process of its own: `<admin URL> <operation> <tenant> <folder>
 * <point>`. It says each point it comes to; at the given one it stays for ever, to be killed.
 */
import { createPool } from '../../../../src/database/pool.js'
import { loadMigrations } from '../../../../src/fleet/migration-files.js'
import { archiveTenant } from '../../../../src/tenancy/archive/archive-tenant.js'
import { checkArchive } from '../../../../src/tenancy/archive/check-archive.js'
import { exportTenant } from '../../../../src/tenancy/archive/export-tenant.js'
import { importTenant } from '../../../../src/tenancy/archive/import-tenant.js'
import { restoreTenant } from '../../../../src/tenancy/archive/restore-tenant.js'
import { parseTenantId } from '../../../../src/tenancy/tenant-id.js'

const [connectionString, operation, id, folder, stopAt] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]
const admin = createPool({ connectionString, max: 4, applicationName: `lifecycle ${id}` })
const tenant = parseTenantId(id)
const migrations = await loadMigrations()

let points = 0
async function point(name: string): Promise<void> {
  points += 1
  process.stdout.write(`${name}\n`)
  if (points === Number(stopAt)) {
    process.stdout.write('stopped\n')
    await new Promise((resolve) => setTimeout(resolve, 3_600_000))
  }
}
const onStep = (step: string): Promise<void> => point(`step ${step}`)
const onProgress = (table: string): Promise<void> => point(`table ${table}`)

const operations: Record<string, () => Promise<unknown>> = {
  export: () => exportTenant(admin, tenant, folder, { onProgress }),
  import: async () =>
    importTenant(admin, await checkArchive(folder, migrations), {
      as: tenant,
      migrations,
      onStep,
      onProgress,
    }),
  archive: () => archiveTenant(admin, tenant, { directory: folder, migrations, onStep, onProgress }),
  restore: () => restoreTenant(admin, tenant, { migrations, onStep, onProgress }),
}
await operations[operation]!()
process.stdout.write(`done after ${points}\n`)
await admin.end()
