/** Exports a tenant and tells its greatest resident size in bytes: `<admin URL> <tenant> <folder>`. */
import { createPool } from '../../../../src/database/pool.js'
import { loadMigrations } from '../../../../src/fleet/migration-files.js'
import { checkArchive } from '../../../../src/tenancy/archive/check-archive.js'
import { exportTenant } from '../../../../src/tenancy/archive/export-tenant.js'
import { importTenant } from '../../../../src/tenancy/archive/import-tenant.js'
import { parseTenantId } from '../../../../src/tenancy/tenant-id.js'

const [connectionString, tenant, folder, copy] = process.argv.slice(2) as [string, string, string, string]
const admin = createPool({ connectionString, max: 4, applicationName: `export ${tenant}` })
const { bytes } = await exportTenant(admin, parseTenantId(tenant), folder)
const migrations = await loadMigrations()
await importTenant(admin, await checkArchive(folder, migrations), { as: parseTenantId(copy), migrations })
process.stdout.write(`${JSON.stringify({ bytes, resident: process.resourceUsage().maxRSS * 1_024 })}\n`)
await admin.end()
