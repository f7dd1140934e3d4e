import type pg from 'pg'
import { allEntities } from '../../../src/entity/entity.js'
import { partsOf } from './ids.js'

/** Tells whether an id names a row that all organizations share, of a type that has rows of organizations as well. */
export async function sharedIds(admin: pg.Pool): Promise<(id: string) => boolean> {
  const tables = allEntities().flatMap(({ name, shared }) =>
    shared === undefined ? [] : [{ name, table: shared.table }],
  )
  const found = await Promise.all(
    tables.map(async ({ name, table }) => {
      const { rows } = await admin.query<{ id: string }>(`select id from public.${table}`)
      return rows.map(({ id }) => `${name} ${id}`)
    }),
  )
  const known = new Set(found.flat())
  return (id) => known.has(partsOf(id).join(' '))
}
