import { createHash } from 'node:crypto'
import { coreModule, type MigrationCatalogue, type MigrationScript } from '../../fleet/migration-files.js'

/** The scripts of the default rows of core and of some modules. */
export function defaultRows({ modules }: MigrationCatalogue, named: readonly string[]): MigrationScript[] {
  return [...modules.values()]
    .filter(({ module }) => module === coreModule || named.includes(module))
    .flatMap(({ defaultData }) => defaultData ?? [])
}

/** A shared table, but no function, in a script. */
const SHARED_TABLE = /\bpublic\.([a-z_]+)\b(?!\s*\()/g

/**
 * An SQL expression that tells what default rows are made from: the scripts, and what is in the shared tables they copy
 * from. Rows made while it had the same value are the same rows.
 */
export function originOf(scripts: readonly MigrationScript[]): string {
  const text = scripts.map(({ sql }) => sql).join('\n')
  const tables = [...new Set([...text.matchAll(SHARED_TABLE)].map(([, table]) => table as string))].sort()
  const contents = tables.map((name) => `(select sum(hashtextextended(t::text, 0)) from public.${name} t)`)
  const digest = createHash('sha256').update(text).digest('hex')
  return `md5(concat_ws(' ', '${digest}'${contents.map((content) => `, ${content}`).join('')}))`
}
