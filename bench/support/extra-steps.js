import { createHash } from 'node:crypto'
import { loadMigrations } from '../../dist/fleet/migration-files.js'

/** The installation's migrations with more steps at the end of a module: `{ name, up, down }` each. */
export async function withSteps(module, steps) {
  const files = await loadMigrations()
  const stream = files.modules.get(module)
  const migrations = [...stream.migrations]
  for (const { name, up, down } of steps) {
    const version = migrations.length + 1
    const numbered = `${String(version).padStart(4, '0')}_${name}`
    migrations.push({
      module,
      version,
      name: numbered,
      up: scriptOf(`${numbered}.up.sql`, up),
      down: scriptOf(`${numbered}.down.sql`, down),
      checksum: createHash('sha256').update(up).digest('hex'),
      breaking: false,
      breakingBefore: 0,
      optional: false,
    })
  }
  return { ...files, modules: new Map([...files.modules, [module, { ...stream, migrations }]]) }
}

function scriptOf(file, sql) {
  return { file, sql, transactional: !sql.includes('-- orgscope: no-transaction') }
}
