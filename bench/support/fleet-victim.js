import { createPool } from '../../dist/database/pool.js'
import { migrateUp } from '../../dist/fleet/migrate-up.js'
import { redoMigrations } from '../../dist/fleet/redo.js'
import { withSteps } from './extra-steps.js'

/**
 * A fleet runner that is there to be killed: `node fleet-victim.js <admin URL> <up|redo> <steps as JSON>`. Prints a
 * line at every point it comes to.
 */
const [url, kind, steps] = process.argv.slice(2)
const admin = createPool({ connectionString: url, max: 4, applicationName: 'fleet victim' })
const say = (point) => process.stdout.write(`${point}\n`)
const options = {
  concurrency: 3,
  canary: { count: 2 },
  onProgress: ({ type, tenant, migration }) => say([type, tenant, migration].filter(Boolean).join(' ')),
}
const catalogue = await withSteps('core', JSON.parse(steps))
say('started')
const run = { up: migrateUp, redo: redoMigrations }[kind]
const { failures } = await run(admin, catalogue, kind === 'up' ? options : { ...options, module: 'core' })
if (failures.length > 0) console.error(JSON.stringify(failures))
say('ended')
await admin.end()
