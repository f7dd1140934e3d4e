import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../../src/package-root.js'
import { schemaOf } from '../../../src/tenancy/tenant-id.js'
import { buildProgram } from '../../cli/support/built-program.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  buildProgram()
  gateway = await TestGateway.start()
  acme = await gateway.organization()
})
afterAll(() => gateway?.close())

test(
  'the restore drill restores an organization, finds every row again, and leaves no copy',
  { timeout: 180_000 },
  async () => {
    const { admin, adminUrl, gatewayUrl } = gateway.database
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(packageRoot, 'scripts/restore-drill.js'), acme.id],
      { env: { PATH: process.env['PATH'], DATABASE_URL: gatewayUrl, ADMIN_DATABASE_URL: adminUrl } },
    )
    const result = JSON.parse(stdout) as { tables: number; rows: number; differences: string[] }
    expect(result).toMatchObject({ tenant: acme.id, differences: [] })
    expect(result.tables).toBeGreaterThan(30)
    expect(result.rows).toBeGreaterThan(100)
    const { rows } = await admin.query(
      `select nspname from pg_namespace where nspname like 'org\\_drill\\_%'`,
    )
    expect(rows).toEqual([])
    expect((await admin.query(`select from ${schemaOf(acme.id)}.users`)).rowCount).toBe(4)
  },
)
