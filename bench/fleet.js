import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { migrateUp } from '../dist/fleet/migrate-up.js'
import { schemaOf } from '../dist/tenancy/tenant-id.js'
import { statements } from './migrators/statements.js'
import { withSteps } from './support/extra-steps.js'
import { assertEqualAnswers } from './support/report.js'
import { interleave, median } from './support/rounds.js'
import { createTenants } from './support/tenants.js'

const TARGETS = { bare: 3, tool: 20, nothing: 1_000 }
const MIGRATORS = fileURLToPath(new URL('migrators/', import.meta.url))
const PROGRAM = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const execute = promisify(execFile)

/**
 * `migrate up` of one ADD COLUMN and CREATE INDEX over tenants with core and usage, against a bare loop that sends the
 * same statements one after the other on one connection without ledger or locks, and against other tools looped over
 * schemas: as programs, one start per schema, and inside one process. The tools get fewer schemas and are compared by
 * the time per schema. And `migrate up` as a program when there is nothing to do.
 */
export async function run({ server, report, quick }) {
  const database = await server.database()
  try {
    const tenants = (await createTenants(database, quick ? 3 : 1_000)).map(({ tenant }) => tenant)
    const schemas = tenants.map(schemaOf)
    const { result, outcome } = await compareWithBare(database, schemas, { report, quick })
    const nothing = await measureNothing(database, quick ? 1 : 5)
    report.say(`migrate up with nothing to do, as a program: ${nothing.toFixed(0)} ms`)
    const tools = await measureTools(database, schemas, { quick, report, own: result.a / schemas.length })
    return [
      outcome,
      ...tools,
      {
        what: `migrate up with nothing to do, ${schemas.length} tenants`,
        value: `${nothing.toFixed(0)} ms`,
        target: `≤ ${TARGETS.nothing} ms`,
        met: nothing <= TARGETS.nothing,
      },
    ]
  } finally {
    await database.close()
  }
}

async function compareWithBare(database, schemas, { report, quick }) {
  const steps = []
  const own = async () => {
    const suffix = `own_${steps.length}`
    const text = `${statements(suffix).join(';\n')};`
    steps.push({ name: suffix, up: text, down: '' })
    const catalogue = await withSteps('usage', steps)
    const began = performance.now()
    const { failures, steps: done } = await migrateUp(database.admin, catalogue)
    const took = performance.now() - began
    assertEqualAnswers(
      'steps done',
      { failures: failures.length, done },
      { failures: 0, done: schemas.length },
    )
    return took
  }
  const pool = database.adopt(new pg.Pool({ connectionString: database.adminUrl, max: 1 }))
  let loops = 0
  const bare = async () => {
    const suffix = `bare_${loops++}`
    const began = performance.now()
    for (const schema of schemas) {
      const [column, index] = statements(suffix, `${schema}.budgets`)
      await pool.query(column)
      await pool.query(index)
    }
    return performance.now() - began
  }
  const result = await interleave({
    rounds: quick ? 1 : 5,
    warmUp: quick ? 0 : 1,
    a: own,
    b: bare,
    onRound: (round, { a, b }) =>
      report.say(
        `  round ${round}  migrate up ${shown(a)}  bare loop ${shown(b)}  ratio ${(a / b).toFixed(2)}`,
      ),
  })
  await assertSameColumns(database, schemas)
  const perTenant = (result.a / schemas.length).toFixed(2)
  report.say(
    `migrate up ${shown(result.a)} (${perTenant} ms a tenant), bare loop ${shown(result.b)}, ratio ${result.ratio.toFixed(2)}`,
  )
  const outcome = {
    what: `migrate up / bare loop, ${schemas.length} tenants`,
    value: result.ratio.toFixed(2),
    target: `≤ ${TARGETS.bare.toFixed(1)}`,
    met: result.ratio <= TARGETS.bare,
  }
  return { result, outcome }
}

/** Both sides made the same thing everywhere, the same number of times. */
async function assertSameColumns({ admin }, schemas) {
  const { rows } = await admin.query(
    `select substring(attname from 'bench_(own|bare)') as side, count(*)::integer as columns
     from pg_attribute where attrelid = any($1::regclass[]) and attname like 'bench_%' group by 1 order by 1`,
    [schemas.map((schema) => `${schema}.budgets`)],
  )
  const [bare, own] = rows
  assertEqualAnswers('columns made', own?.columns, bare?.columns)
}

async function measureNothing({ adminUrl, gatewayUrl }, rounds) {
  const times = []
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now()
    await execute(process.execPath, [PROGRAM, 'migrate', 'up', '--json'], {
      env: { PATH: process.env.PATH, DATABASE_URL: gatewayUrl, ADMIN_DATABASE_URL: adminUrl },
    })
    times.push(performance.now() - began)
  }
  return median(times)
}

const COMMANDS = {
  'node-pg-migrate': (schema) => [
    [
      'node-pg-migrate',
      'up',
      '--migrations-dir',
      'node-pg-migrate',
      '--schema',
      schema,
      '--schema',
      'public',
    ],
    ['--migrations-schema', schema, '--no-verbose'],
  ],
  knex: () => [['knex', 'migrate:latest', '--knexfile', 'knexfile.js']],
}

/** Each tool over its own schemas: as a program per schema, and looped inside one process. */
async function measureTools(database, schemas, { quick, report, own }) {
  if (!existsSync(`${MIGRATORS}node_modules`)) {
    report.say(
      'node-pg-migrate and knex are not installed and not measured. Run: npm ci --prefix bench/migrators',
    )
    return []
  }
  const each = quick ? 1 : 20
  const outcomes = []
  for (const tool of Object.keys(COMMANDS)) {
    const byProgram = await timePrograms(database, tool, schemas.slice(0, each))
    const inProcess = await timeLoop(database, tool, schemas.slice(each, 2 * each))
    report.say(
      `${tool}: ${byProgram.toFixed(1)} ms a schema as a program, ${inProcess.toFixed(1)} ms looped inside one process, ` +
        `migrate up ${own.toFixed(2)} ms; over ${each} schemas each`,
    )
    const ratio = byProgram / own
    outcomes.push({
      what: `${tool} looped / migrate up, per tenant`,
      value: `${ratio.toFixed(0)}× (in one process ${(inProcess / own).toFixed(1)}×)`,
      target: `≥ ${TARGETS.tool}×`,
      met: ratio >= TARGETS.tool,
    })
  }
  return outcomes
}

async function timePrograms({ adminUrl }, tool, schemas) {
  const began = performance.now()
  for (const schema of schemas) {
    const [[name, ...words], more = []] = COMMANDS[tool](schema)
    await execute(`${MIGRATORS}node_modules/.bin/${name}`, [...words, ...more], {
      cwd: MIGRATORS,
      env: { PATH: process.env.PATH, DATABASE_URL: adminUrl, SCHEMA: schema },
    })
  }
  return (performance.now() - began) / schemas.length
}

async function timeLoop({ adminUrl }, tool, schemas) {
  const { stdout } = await execute(process.execPath, [`${MIGRATORS}loop.js`, tool, ...schemas], {
    cwd: MIGRATORS,
    env: { PATH: process.env.PATH, DATABASE_URL: adminUrl },
  })
  return Number(stdout.trim().split('\n').at(-1)) / schemas.length
}

function shown(milliseconds) {
  return `${milliseconds.toFixed(0)} ms`
}
