import pg from 'pg'
import type { CatalogueObject } from './catalogue-objects.js'
import type { RepairStep } from './finding.js'
import type { Repair } from './repair-steps.js'

const quote = pg.escapeIdentifier

/** A column as it stands in CREATE TABLE or behind ADD COLUMN. */
export function columnClause({ name, facts }: CatalogueObject): string {
  return [
    quote(name),
    facts['type'],
    facts['collation'] == null ? '' : `collate ${facts['collation']}`,
    facts['default'] == null ? '' : `default ${facts['default']}`,
    facts['generated'] == null ? '' : `generated always as (${facts['generated']}) stored`,
    facts['nullability'] === 'not null' ? 'not null' : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** What gives a column its type, default and nullability back. */
export function changeColumn(
  expected: CatalogueObject,
  actual: CatalogueObject,
  facts: readonly string[],
): Repair {
  const others = facts.filter((fact) => !['type', 'default', 'nullability'].includes(fact))
  if (others.length > 0) return { left: `its ${others.join(' and ')} has to be changed by hand` }
  const steps: RepairStep[] = []
  if (facts.includes('type')) steps.push(changeType(expected, actual))
  else if (facts.includes('default')) {
    steps.push({ phase: 'column', statements: [`${alterColumn(expected)} ${defaultClause(expected)}`] })
  }
  if (facts.includes('nullability')) steps.push(changeNullability(expected))
  return { steps }
}

function alterColumn({ table, name }: CatalogueObject): string {
  return `alter table ${quote(table)} alter column ${quote(name)}`
}

function defaultClause({ facts }: CatalogueObject): string {
  return facts['default'] == null ? 'drop default' : `set default ${facts['default']}`
}

/** Done only when every value survives the way there and back. */
function changeType(expected: CatalogueObject, actual: CatalogueObject): RepairStep {
  const [table, column] = [quote(expected.table), quote(expected.name)]
  const [type, before] = [expected.facts['type'], actual.facts['type']]
  const alter = alterColumn(expected)
  // A default of the other type would stand in the way.
  const [dropped, restored] = [`${alter} drop default`, `${alter} ${defaultClause(expected)}`]
  return {
    phase: 'column',
    statements: [
      ...(actual.facts['default'] == null ? [] : [dropped]),
      `${alter} type ${type} using ${column}::${type}`,
      ...(expected.facts['default'] == null ? [] : [restored]),
    ],
    guard: {
      table,
      question: `select exists (select from ${table} where ${column} is distinct from (${column}::${type})::${before})`,
      reason: `some values do not survive becoming ${type}`,
      isExtra: false,
    },
  }
}

function changeNullability(expected: CatalogueObject): RepairStep {
  const [table, column] = [quote(expected.table), quote(expected.name)]
  if (expected.facts['nullability'] === 'null') {
    return { phase: 'column', statements: [`${alterColumn(expected)} drop not null`] }
  }
  return {
    phase: 'column',
    statements: [`${alterColumn(expected)} set not null`],
    guard: {
      table,
      question: `select exists (select from ${table} where ${column} is null)`,
      reason: 'some rows have no value',
      isExtra: false,
    },
  }
}
