import type pg from 'pg'

/**
 * The schemas a connection has worked in. Its backend keeps some 15 kB for every table it has touched in any of them
 * and never lets go of it, so that a connection which served all organizations would hold the catalogue of all.
 */
const touched = new WeakMap<pg.ClientBase, Set<string>>()

/**
 * Notes that a connection works in a schema. Returns whether that makes `most` of them, so that the connection is to be
 * closed when it is given back.
 */
export function noteSchema(client: pg.ClientBase, schema: string, most: number): boolean {
  let schemas = touched.get(client)
  if (schemas === undefined) touched.set(client, (schemas = new Set()))
  return schemas.add(schema).size >= most
}
