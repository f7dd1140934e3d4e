import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type pg from 'pg'
import type { Queryable } from '../../database/advisory-lock.js'
import { ownerRole, ownerTransaction, withClient } from '../../database/owner-transaction.js'
import { AppError } from '../../errors.js'
import { quoted } from '../archive/exported-tables.js'
import { writePlatformAudit, type PlatformActor } from '../platform-audit.js'
import { schemaOf, type TenantId } from '../tenant-id.js'
import { showTenant, type TenantRecord } from '../tenant-record.js'
import { findPerson, rowsAbout, type Person } from './find-person.js'
import { peopleTables, present, type PeopleTable } from './people-tables.js'
import { listed } from './personal-rules.js'
import { sharedRowsAbout } from './shared-rows-about.js'

export interface PersonExport {
  readonly tenant: TenantId
  readonly userId: string
  /** Absolute. */
  readonly file: string
  /** Rows about the person, by table. */
  readonly rows: Readonly<Record<string, number>>
  /** Rows about others in which the person only did something. */
  readonly mentions: number
}

/** Rows fetched at once. */
const BATCH = 500

/**
 * Writes everything a tenant knows of one person into a file: a line of JSON for each row about them, and one for each
 * row of somebody else's that names them, with its key only. All as of one moment, in constant memory, without
 * secrets. Throws NOT_FOUND for a person the tenant does not have, CONFLICT when the file exists.
 */
export async function exportPerson(
  admin: pg.Pool,
  tenant: TenantId,
  named: string,
  to: string,
  {
    by,
    onRows,
  }: {
    readonly by?: PlatformActor | undefined
    readonly onRows?: (table: string, rows: number) => void
  } = {},
): Promise<PersonExport> {
  const file = resolve(to)
  const record = await exportable(admin, tenant)
  const person = await findPerson(admin, tenant, named)
  await requireFree(file)
  const partial = join(dirname(file), `.${person.id}.${process.pid}.partial`)
  const handle = await open(partial, 'w', 0o600)
  try {
    const lines = new Lines(handle, onRows)
    await withClient(admin, (client) => writePerson(client, record, person, lines))
    await handle.sync()
    await handle.close()
    await rename(partial, file)
    const outcome = { tenant, userId: person.id, file, rows: lines.rows, mentions: lines.mentions }
    await audit(admin, record, outcome, by)
    return outcome
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(partial, { force: true })
    throw error
  }
}

async function exportable(db: Queryable, tenant: TenantId): Promise<TenantRecord> {
  const record = await showTenant(db, tenant)
  if (record.state === 'active' || record.state === 'suspended') return record
  throw new AppError('CONFLICT', `Tenant ${tenant} is ${record.state}; it has no data to export from.`, {
    tenant,
  })
}

async function requireFree(file: string): Promise<void> {
  const exists = await stat(file).then(
    () => true,
    () => false,
  )
  if (exists) throw new AppError('CONFLICT', `${file} exists already. Name a file that does not.`, { file })
}

async function writePerson(
  client: pg.PoolClient,
  { tenant, organizationId, name }: TenantRecord,
  person: Person,
  lines: Lines,
): Promise<void> {
  await client.query(`begin isolation level repeatable read read only; set local role ${ownerRole}`)
  try {
    await lines.header({ tenant, organization: name, userId: person.id, email: person.email })
    const tables = await peopleTables(client, schemaOf(tenant))
    const values = [person.id, person.email.toLowerCase()]
    for (const table of tables) {
      const about = rowsAbout(table, tables)
      if (about === undefined) continue
      const row = `to_jsonb(t) - array[${present(table, listed(table.rule.secret)).map(sqlText).join(', ')}]::text[]`
      await fetchRows(client, `select ${row} as row from ${table.place} t where ${about}`, values, (rows) =>
        lines.rowsOf(table.table, rows),
      )
    }
    for (const [table, query] of Object.entries(sharedRowsAbout)) {
      await fetchRows(client, query, [...values, organizationId], (rows) => lines.rowsOf(table, rows))
    }
    for (const table of tables) await writeMentions(client, table, person, lines)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

/** The rest of such a row is somebody else's data. */
async function writeMentions(
  client: pg.PoolClient,
  table: PeopleTable,
  { id }: Person,
  lines: Lines,
): Promise<void> {
  for (const column of present(table, listed(table.rule.by))) {
    const key = table.key.map((name) => `${sqlText(name)}, t.${quoted(name)}`).join(', ')
    await fetchRows(
      client,
      `select jsonb_build_object(${key}) as row from ${table.place} t where t.${quoted(column)}::text = $1`,
      [id],
      (rows) => lines.mentionsIn(table.table, column, rows),
    )
  }
}

function sqlText(name: string): string {
  return `'${name.replaceAll("'", "''")}'`
}

async function fetchRows(
  client: pg.PoolClient,
  query: string,
  values: readonly string[],
  take: (rows: readonly object[]) => Promise<void>,
): Promise<void> {
  await client.query(`/* people.export */ declare person_rows no scroll cursor for ${query}`, [...values])
  for (;;) {
    const { rows } = await client.query<{ row: object }>(`/* people.fetch */ fetch ${BATCH} from person_rows`)
    if (rows.length > 0) await take(rows.map(({ row }) => row))
    if (rows.length < BATCH) break
  }
  await client.query('/* people.fetched */ close person_rows')
}

/** Writes lines and counts them. */
class Lines {
  readonly rows: Record<string, number> = {}
  mentions = 0

  constructor(
    readonly file: FileHandle,
    readonly onRows: ((table: string, rows: number) => void) | undefined,
  ) {}

  header(facts: object): Promise<void> {
    return this.#write([
      { format: 'orgscope-person', formatVersion: 1, createdAt: new Date().toISOString(), ...facts },
    ])
  }

  async rowsOf(table: string, rows: readonly object[]): Promise<void> {
    this.rows[table] = (this.rows[table] ?? 0) + rows.length
    this.onRows?.(table, this.rows[table])
    await this.#write(rows.map((row) => ({ table, row })))
  }

  async mentionsIn(table: string, column: string, keys: readonly object[]): Promise<void> {
    this.mentions += keys.length
    await this.#write(keys.map((key) => ({ table, namedIn: column, key })))
  }

  async #write(lines: readonly object[]): Promise<void> {
    await this.file.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  }
}

async function audit(
  admin: pg.Pool,
  { tenant, organizationId }: TenantRecord,
  { userId, rows, mentions }: PersonExport,
  by: PlatformActor | undefined,
): Promise<void> {
  await ownerTransaction(admin, (db) =>
    writePlatformAudit(
      db,
      {
        eventType: 'tenant.user_exported',
        category: 'system',
        organizationId,
        target: tenant,
        details: { userId, rows, mentions },
      },
      by,
    ),
  )
}
