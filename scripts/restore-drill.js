/**
 * Proves that an organization can be restored: exports it, imports the export under another id, exports that one, and
 * compares the two row by row. The copy is deleted again. `npm run restore-drill -- acme`; the database is found as by
 * any command. Ends with 1 when anything differs.
 */
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'

const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
/** An import switches webhooks off; only the number of rows is compared. */
const CHANGED_BY_IMPORT = new Set(['webhook_endpoints'])
const MODULUS = 1n << 256n

function orgscope(...args) {
  const output = execFileSync(process.execPath, [program, ...args, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  })
  return JSON.parse(output)
}

function ownFiles(folder) {
  const { files } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
  return new Map(files.filter(({ schema }) => schema === 'tenant').map((file) => [file.table, file]))
}

/** The same for the same rows in any order, in constant memory: the sum of the rows' hashes. */
async function sumOfRows(folder, { file }) {
  const lines = createInterface({ input: createReadStream(join(folder, file)).pipe(createGunzip()) })
  let sum = 0n
  for await (const line of lines) {
    sum = (sum + BigInt(`0x${createHash('sha256').update(line).digest('hex')}`)) % MODULUS
  }
  return sum
}

async function compare(original, copy) {
  const [before, after] = [ownFiles(original), ownFiles(copy)]
  const differences = []
  for (const table of new Set([...before.keys(), ...after.keys()])) {
    const [left, right] = [before.get(table), after.get(table)]
    if (left?.rows !== right?.rows) differences.push(`${table}: ${left?.rows} rows, restored ${right?.rows}`)
    else if (
      !CHANGED_BY_IMPORT.has(table) &&
      (await sumOfRows(original, left)) !== (await sumOfRows(copy, right))
    ) {
      differences.push(`${table}: rows differ`)
    }
  }
  return {
    tables: before.size,
    rows: [...before.values()].reduce((sum, { rows }) => sum + rows, 0),
    differences,
  }
}

const [tenant] = process.argv.slice(2)
if (tenant === undefined) {
  process.stderr.write('Name the organization: npm run restore-drill -- acme\n')
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'orgscope-drill-'))
const copy = `drill_${randomBytes(4).toString('hex')}`
const began = Date.now()
let imported = false
try {
  orgscope('tenant', 'export', tenant, '--to', join(folder, 'original'))
  orgscope('tenant', 'import', join(folder, 'original'), '--as', copy)
  imported = true
  const seconds = (Date.now() - began) / 1000
  orgscope('tenant', 'export', copy, '--to', join(folder, 'restored'))
  const result = await compare(join(folder, 'original'), join(folder, 'restored'))
  process.stdout.write(`${JSON.stringify({ tenant, seconds, ...result }, null, 2)}\n`)
  process.exitCode = result.differences.length === 0 ? 0 : 1
} finally {
  if (imported) orgscope('tenant', 'delete', copy, '--now', '--yes')
  rmSync(folder, { recursive: true, force: true })
}
