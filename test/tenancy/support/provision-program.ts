/**
 * Provisions a tenant in a process of its own: `<admin URL> <tenant> <step>`. Before the step it says so and stays
 * there for ever, to be killed; with the step `none` it goes on to the end.
 */
import { createPool } from '../../../src/database/pool.js'
import { provisionTenant } from '../../../src/tenancy/provisioner.js'
import { parseTenantId } from '../../../src/tenancy/tenant-id.js'

const [connectionString, tenant, stopBefore] = process.argv.slice(2) as [string, string, string]
const admin = createPool({ connectionString, max: 3, applicationName: `provision ${tenant}` })
await provisionTenant(admin, parseTenantId(tenant), {
  onStep: async (step) => {
    process.stdout.write(`${step}\n`)
    if (step === stopBefore) await new Promise((resolve) => setTimeout(resolve, 3_600_000))
  },
})
process.stdout.write('done\n')
await admin.end()
