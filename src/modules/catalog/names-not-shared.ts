import { sql } from 'kysely'
import { AppError } from '../../errors.js'
import type { Values } from '../../entity/given-values.js'
import { statements, type Session } from '../../tenancy/session.js'

/**
 * Keeps the names of an organization's own tools apart from those of the shared catalogue, letter case aside: reports
 * call tools by name, and each name shall mean one. What the catalogue adds later under a taken name is another matter:
 * inside the organization its own tool goes on bearing it.
 */
export async function namesNotShared(
  session: Session,
  rows: readonly Values[],
): Promise<readonly (AppError | undefined)[]> {
  const given = rows.map(namesOf)
  const names = [...new Set(given.flat().map(({ name }) => name.toLowerCase()))]
  if (names.length === 0) return []
  const query = sql<{ name: string; tool: string }>`/* tools.shared_names */
    select n.name, t.name as tool from public.tool_catalog t
    cross join lateral (select lower(name) as name from unnest(t.aliases || t.name) as name) n
    where n.name = any(${names}::text[])`
  const taken = new Map((await session.run(query.compile(statements))).map(({ name, tool }) => [name, tool]))
  return given.map((each) => {
    const clash = each.find(({ name }) => taken.has(name.toLowerCase()))
    return clash && refusal(clash, taken.get(clash.name.toLowerCase()) as string)
  })
}

interface GivenName {
  readonly field: 'name' | 'aliases'
  readonly name: string
}

function namesOf({ name, aliases }: Values): readonly GivenName[] {
  const named = typeof name === 'string' ? [{ field: 'name', name } as const] : []
  const further = Array.isArray(aliases) ? (aliases as readonly string[]) : []
  return [...named, ...further.map((alias) => ({ field: 'aliases', name: alias }) as const)]
}

function refusal({ field, name }: GivenName, tool: string): AppError {
  return new AppError(
    'CONFLICT_DUPLICATE',
    `${JSON.stringify(name)} is a name of ${tool} in the shared catalogue. Use that tool, or give yours another name.`,
    { field, rule: 'tool_catalog_name_key' },
  )
}
