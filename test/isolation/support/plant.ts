import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { parseTenantId, schemaOf } from '../../../src/tenancy/tenant-id.js'
import type { Canary } from './canary.js'
import { candidatesFor, pointerOf, type Sql } from './candidates.js'
import { readTables, type Check, type Column, type ForeignKey, type Table } from './catalogue.js'
import { Draft } from './draft.js'
import { missingCanaries } from './coverage.js'
import { markable } from './markable.js'
import { IDENTITIES, ownRows, scopedTables } from './scope.js'

type Row = Readonly<Record<string, unknown>>

/** Rows for a table that names people: enough that each of an organization's four owns one besides a canary. */
const ROWS_WITH_PEOPLE = 5
const ROWS = 2
/** How often a refused row is tried with other values. */
const TRIES = 60

/** A table in which no canary could be put, and what the database said. */
export interface Barren {
  readonly table: string
  readonly reason: string
}

/**
 * Puts rows that carry the tenant's marker into every table of its schema and every shared table with rows of
 * tenants, as far as there are none yet. Returns the tables that refused.
 */
export async function plantCanaries(admin: pg.Pool, canary: Canary): Promise<readonly Barren[]> {
  const shared = await readTables(admin, 'public')
  const own = await readTables(admin, schemaOf(canary.tenant))
  const missing = new Set((await missingCanaries(admin, canary)).map((line) => line.split(':')[0]))
  const client = await admin.connect()
  try {
    await client.query('begin')
    const planter = new Planter(client, canary, new Map([...shared, ...own]), shared)
    await planter.plant([...own.keys()].filter((name) => missing.has(name)))
    await planter.plant([...shared.keys()].filter((name) => missing.has(name)))
    await planter.closeCycles()
    await planter.markExisting([...own.keys(), ...scopedTables(shared, canary)])
    await client.query('commit')
    return planter.barren
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

/** Whose rows of the shared catalogue are: everybody may see them. */
const NOBODY: Omit<Canary, 'tenant' | 'organizationId'> = {
  marker: 'canary of nobody',
  tag: '000000000000',
  number: 1,
}

/** Fills rows of shared tables that belong to nobody, so that none of their columns is empty everywhere. */
export async function plantShared(admin: pg.Pool, names: readonly string[]): Promise<readonly Barren[]> {
  const shared = await readTables(admin, 'public')
  const nobody = { ...NOBODY, tenant: parseTenantId('nobody'), organizationId: randomUUID() }
  const client = await admin.connect()
  try {
    await client.query('begin')
    const planter = new Planter(client, nobody, shared, shared)
    await planter.plant(names.filter((name) => ownRows(shared, name, nobody) === undefined))
    await client.query('commit')
    return planter.barren
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

class Planter {
  readonly barren: Barren[] = []
  /** Rows of the tenant, or shared ones, that others may point at: a canary, those that were there, more canaries. */
  readonly #rows = new Map<string, readonly Row[]>()
  /** Which candidate the rules on each column accept, by table. */
  readonly #accepted = new Map<string, ReadonlyMap<string, number>>()
  readonly #deferred: { table: Table; key: ForeignKey; rows: readonly Row[] }[] = []

  constructor(
    readonly client: pg.PoolClient,
    readonly canary: Canary,
    readonly tables: ReadonlyMap<string, Table>,
    readonly shared: ReadonlyMap<string, Table>,
  ) {}

  #isScoped(name: string): boolean {
    return ownRows(this.shared, name, this.canary) !== undefined
  }

  /** Parents before children; where keys form a circle, the optional one is filled in afterwards. */
  async plant(names: readonly string[]): Promise<void> {
    const waiting = new Set(names)
    while (waiting.size > 0) {
      const next = pickNext(
        [...waiting].map((name) => this.#table(name)),
        waiting,
      )
      waiting.delete(next.name)
      await this.#plantTable(next, waiting)
    }
  }

  #table(name: string): Table {
    const table = this.tables.get(name)
    if (table === undefined) throw new Error(`there is no table ${name}`)
    return table
  }

  async #plantTable(table: Table, waiting: ReadonlySet<string>): Promise<void> {
    const existing = await this.#existing(table)
    const planted: Row[] = []
    // There is one organization per tenant; its row is marked where it is.
    const wanted = table.name === 'public.organizations' ? 0 : this.#rowsFor(table)
    let reason: string | undefined
    for (let nth = 0; nth < wanted && reason === undefined; nth++) {
      const outcome = await this.#insert(table, nth, planted)
      if (typeof outcome === 'string') reason = outcome
      else planted.push(outcome)
    }
    // People who sign in stay what they are: a key or a right that is planted goes to somebody planted.
    const others = table.name === IDENTITIES && planted.length > 0 ? [] : existing
    this.#rows.set(table.name, [...planted.slice(0, 1), ...others, ...planted.slice(1)])
    // A table that holds one row for each tenant has no room for another; the one there is gets marked.
    if (reason !== undefined && planted.length === 0 && existing.length === 0) {
      this.barren.push({ table: table.name, reason })
    }
    for (const key of table.foreignKeys) {
      if (waiting.has(key.target)) this.#deferred.push({ table, key, rows: planted })
    }
  }

  #rowsFor({ name, columns, foreignKeys }: Table): number {
    const people = [`${schemaOf(this.canary.tenant)}.users`, IDENTITIES]
    const targets = [
      name,
      ...foreignKeys.map(({ target }) => target),
      ...columns.map((column) => pointerOf(column, schemaOf(this.canary.tenant))),
    ]
    return targets.some((target) => people.includes(target ?? '')) ? ROWS_WITH_PEOPLE : ROWS
  }

  async #existing({ name }: Table): Promise<readonly Row[]> {
    const { rows } = await this.client.query<{ row: Row }>(
      `/* canary.existing */
       select to_jsonb(t) as row from ${name} t where ${this.#scopeOf(name)} order by t::text limit 10`,
    )
    return rows.map(({ row }) => row)
  }

  /** Rows of a table that are the tenant's; of a table that nobody owns, all. */
  #scopeOf(name: string): string {
    return this.shared.has(name) ? (ownRows(this.shared, name, this.canary) ?? 'true') : 'true'
  }

  /** Inserts one row; answers the refusal when no combination of values is accepted. */
  async #insert(table: Table, nth: number, before: readonly Row[]): Promise<Row | string> {
    const draft = await this.#draft(table, nth, before)
    if (typeof draft === 'string') return draft
    let refusal = 'nothing was tried'
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const outcome = await this.#try(table, draft)
      if (!(outcome instanceof Error)) return outcome
      refusal = outcome.message
      const { constraint } = outcome as { constraint?: string }
      const check = table.checks.find(({ name }) => name === constraint)
      const unique = table.uniqueKeys.find(({ name }) => name.split('.').at(-1) === constraint)
      if (check !== undefined) {
        const within = table.checks.filter(({ columns }) =>
          columns.every((each) => check.columns.includes(each)),
        )
        if (!(await this.#satisfy(draft, within))) return refusal
      } else if (unique === undefined || !draft.advance(unique.columns)) return refusal
    }
    return refusal
  }

  async #draft(table: Table, nth: number, before: readonly Row[]): Promise<Draft | string> {
    const draft = new Draft()
    for (const column of table.columns.filter(({ generated }) => !generated)) {
      const candidates = await this.#candidates(table, column, nth, before)
      if (candidates.length === 0) return `nothing is known to fit column ${column.name} (${column.type})`
      draft.add(column, candidates)
    }
    // What the first row found acceptable will do for the others, up to rules that look at several columns.
    const known = this.#accepted.get(table.name)
    if (known !== undefined) {
      draft.resume(known)
      return draft
    }
    const lacking = await this.#satisfyEach(table, draft)
    if (lacking !== undefined) return lacking
    this.#accepted.set(table.name, draft.places())
    return draft
  }

  async #candidates(
    table: Table,
    column: Column,
    nth: number,
    before: readonly Row[],
  ): Promise<readonly Sql[]> {
    const key = table.foreignKeys.find(({ columns }) => columns.includes(column.name))
    const target = key?.target ?? pointerOf(column, schemaOf(this.canary.tenant))
    const scopeColumn = this.shared.has(table.name) && column.name === 'organization_id'
    if (scopeColumn) return [`'${this.canary.organizationId}'`]
    if (target === undefined) return candidatesFor(table, column, this.canary, nth)
    const nothing = column.required ? [] : ['null']
    const parents = key?.target === table.name ? before : await this.#parents(target)
    const field = key?.targetColumns[key.columns.indexOf(column.name)] ?? 'id'
    // Two keys of one row to the same table name different rows, as far as there are any.
    const place = table.foreignKeys.filter((each) => each.target === target).indexOf(key as ForeignKey)
    const turn = parents.length === 0 ? 0 : (nth + Math.max(place, 0)) % parents.length
    const turned = [...parents.slice(turn), ...parents.slice(0, turn)]
    const values = turned.map((parent) => `'${String(parent[field])}'`)
    if (key === undefined && values.length === 0) return candidatesFor(table, column, this.canary, nth)
    return [...values, ...nothing]
  }

  /** Rows a key may point at. A shared table that is empty and owned by nobody gets a row first. */
  async #parents(name: string): Promise<readonly Row[]> {
    const known = this.#rows.get(name)
    if (known !== undefined) return known
    const table = this.#table(name)
    const isOthers = !this.shared.has(name) || this.#isScoped(name)
    const rows = await this.#existing(table)
    this.#rows.set(name, rows)
    if (rows.length > 0 || isOthers) return rows
    const planter = new Planter(this.client, { ...this.canary, ...NOBODY }, this.tables, this.shared)
    await planter.#plantTable(table, new Set())
    this.#rows.set(name, planter.#rows.get(name) ?? [])
    return this.#rows.get(name) ?? []
  }

  /** Asks the rules about one column alone, all columns at once; answers what no candidate passes. */
  async #satisfyEach(table: Table, draft: Draft): Promise<string | undefined> {
    const ruled = draft.columns.flatMap((column) => {
      const rules = table.checks.filter(({ columns }) => columns.every((name) => name === column.name))
      return rules.length === 0 ? [] : [{ column, rules }]
    })
    if (ruled.length === 0) return undefined
    const tried = ruled.map(({ column: { name, type }, rules }) => {
      const values = draft.combinations([name]).map(([value], index) => `(${index}, (${value})::${type})`)
      return `(select '${name}' as name, t."$index" as index
        from (values ${values.join(', ')}) t ("$index", "${name}") where ${allHold(rules)} order by 2 limit 1)`
    })
    const { rows } = await this.client.query<{ name: string; index: number }>(
      `/* canary.checks */ ${tried.join(' union all ')}`,
    )
    for (const { name, index } of rows) draft.choose([name], draft.combinations([name])[index] ?? [])
    const lacking = ruled.find(({ column }) => !rows.some(({ name }) => name === column.name))
    return (
      lacking &&
      `no value of ${lacking.column.name} passes ${lacking.rules.map(({ name }) => name).join(', ')}`
    )
  }

  /** Chooses the first combination of candidates that the checks accept. */
  async #satisfy(draft: Draft, checks: readonly Check[]): Promise<boolean> {
    const names = [...new Set(checks.flatMap(({ columns }) => columns))]
    const combinations = draft.combinations(names)
    if (combinations.length === 0) return false
    const typed = (name: string, value: Sql): Sql => `(${value})::${draft.column(name).type} as "${name}"`
    const tried = combinations.map(
      (values, index) =>
        `select ${index} as "$index", ${names.map((name, place) => typed(name, values[place] as Sql)).join(', ')}`,
    )
    const { rows } = await this.client.query<{ index: number }>(
      `/* canary.check */ select "$index" as index from (${tried.join(' union all ')}) t where ${allHold(checks)} order by 1 limit 1`,
    )
    const found = rows[0]
    if (found === undefined) return false
    draft.choose(names, combinations[found.index] as readonly Sql[])
    return true
  }

  async #try(table: Table, draft: Draft): Promise<Row | Error> {
    const columns = draft.columns
    const values = columns.map(({ name, type }) => `(${draft.value(name)})::${type}`)
    const insert = `/* canary.insert */ insert into ${table.name} as t (${columns.map(({ name }) => `"${name}"`).join(', ')})
      values (${values.join(', ')}) returning to_jsonb(t) as row`
    const [, outcome] = await Promise.allSettled([
      this.client.query('savepoint canary'),
      this.client.query<{ row: Row }>(insert),
      this.client.query('release savepoint canary'),
    ])
    if (outcome.status === 'fulfilled') return outcome.value.rows[0]?.row ?? new Error('the row vanished')
    await this.client.query('rollback to savepoint canary')
    return outcome.reason instanceof Error ? outcome.reason : new Error(String(outcome.reason))
  }

  /** Fills the links that had to wait for their targets. */
  async closeCycles(): Promise<void> {
    for (const { table, key, rows } of this.#deferred) {
      const parents = this.#rows.get(key.target) ?? []
      for (const [index, row] of rows.entries()) {
        const parent = parents[index % Math.max(parents.length, 1)]
        if (parent === undefined) continue
        const assigned = key.columns.map((column, place) => {
          return `"${column}" = '${String(parent[key.targetColumns[place] ?? ''])}'`
        })
        const where = table.primaryKey.map((column) => `"${column}" = '${String(row[column])}'`)
        await this.client.query(
          `/* canary.link */ update ${table.name} set ${assigned.join(', ')} where ${where.join(' and ')}`,
        )
      }
    }
  }

  /** Marks the tenant's rows that were there before, wherever that changes no meaning: in empty texts and objects. */
  async markExisting(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const columns = markable(this.#table(name))
      if (columns.length === 0) continue
      const assigned = columns.map(({ name: column, type }) =>
        type === 'jsonb'
          ? `"${column}" = case when "${column}" in ('{}', 'null') then '{"canary":"${this.canary.marker}"}' else "${column}" end`
          : `"${column}" = coalesce("${column}", '${this.canary.marker}')`,
      )
      await this.client.query(
        `/* canary.mark */ update ${name} t set ${assigned.join(', ')}
         where (${this.#scopeOf(name)}) and t::text not like '%${this.canary.marker}%'`,
      )
    }
  }
}

function allHold(checks: readonly Check[]): Sql {
  return checks.map(({ expression }) => `(${expression}) is not false`).join(' and ')
}

/** A table whose parents are all there, or else the one that can best do without: its missing keys are optional. */
function pickNext(waiting: readonly Table[], names: ReadonlySet<string>): Table {
  const missing = (table: Table): ForeignKey[] =>
    table.foreignKeys.filter(({ target }) => target !== table.name && names.has(target))
  const optional = (table: Table, { columns }: ForeignKey): boolean =>
    columns.some((column) => table.columns.find(({ name }) => name === column)?.required === false)
  const ready = waiting.find((table) => missing(table).length === 0)
  const startable = waiting
    .filter((table) => missing(table).every((key) => optional(table, key)))
    .sort((a, b) => missing(a).length - missing(b).length)
  const next = ready ?? startable[0] ?? waiting[0]
  if (next === undefined) throw new Error('no table is waiting')
  return next
}
