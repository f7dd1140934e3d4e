/**
 * Works on spare schemas in a process of its own, which says what it does and can be killed at any moment:
 * `<admin URL> provision <tenant> <point>` makes a tenant, `<admin URL> fill <count>` makes spares. At the point named
 * it stays for ever.
 */
import { createPool } from '../../../src/database/pool.js'
import { loadMigrations } from '../../../src/fleet/migration-files.js'
import { provisionTenant } from '../../../src/tenancy/provisioner.js'
import { fillSpares } from '../../../src/tenancy/spares/spare-pool.js'
import { parseTenantId } from '../../../src/tenancy/tenant-id.js'

const [connectionString, what, subject, point] = process.argv.slice(2) as [string, string, string, string?]
const admin = createPool({ connectionString, max: 3, applicationName: `hand out ${subject}` })
const reach = async (name: string): Promise<void> => {
  process.stdout.write(`${name}\n`)
  if (name === point) await new Promise((resolve) => setTimeout(resolve, 3_600_000))
}
if (what === 'fill') {
  const onChange = (): void => void process.stdout.write('made\n')
  await fillSpares(admin, await loadMigrations(), { count: Number(subject), sets: [['usage']], onChange })
} else {
  await provisionTenant(admin, parseTenantId(subject), { onStep: reach, onSpare: () => reach('spare') })
}
process.stdout.write('done\n')
await admin.end()
