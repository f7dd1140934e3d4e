import type { Difference } from './compare-catalogues.js'
import { TENANT_ROLE, type CatalogueObject } from './catalogue-objects.js'

const CONSTRAINTS: Readonly<Record<string, string>> = {
  p: 'primary key',
  u: 'unique key',
  f: 'foreign key',
  c: 'CHECK',
  x: 'exclusion constraint',
}

/** An object in words, for example `index teams_lead_id_idx on teams` or `column teams.name`. */
export function describeObject({ kind, table, name, facts }: CatalogueObject): string {
  switch (kind) {
    case 'schema':
      return 'the schema'
    case 'column':
      return `column ${table}.${name}`
    case 'constraint':
      return `${CONSTRAINTS[facts['kind'] ?? ''] ?? 'constraint'} ${name} on ${table}`
    case 'grant':
      return `grant of ${inWords(name)} on ${table === '' ? 'the schema' : table}`
    case 'table':
      return `${facts['kind'] ?? 'table'} ${name}`
    case 'view':
    case 'sequence':
    case 'function':
    case 'type':
      return `${facts['kind'] === 'materialized view' ? 'materialized view' : kind} ${name}`
    default:
      return `${kind} ${name} on ${table}`
  }
}

/** One difference in a sentence without its tenant. */
export function describeDifference(difference: Difference): string {
  if (difference.type === 'missing') return `${describeObject(difference.expected)} is missing`
  if (difference.type === 'extra') {
    const { actual } = difference
    const type = actual.kind === 'column' ? ` (${actual.facts['type']})` : ''
    return `extra ${describeObject(actual)}${type}`
  }
  const { expected, actual, facts } = difference
  const told = facts.map((fact) =>
    describeFact(fact, expected.facts[fact] ?? null, actual.facts[fact] ?? null),
  )
  return `${describeObject(expected)} differs: ${told.join('; ')}`
}

function describeFact(fact: string, expected: string | null, actual: string | null): string {
  const name = fact === 'definition' || fact === 'nullability' ? '' : `${fact} `
  return `${name}${shown(actual)} instead of ${shown(expected)}`
}

function shown(value: string | null): string {
  return value === null || value === '' ? 'none' : inWords(value)
}

function inWords(text: string): string {
  return text.replaceAll(TENANT_ROLE, 'the tenant’s role')
}
