import pg from 'pg'
import { ownerRole } from '../../database/owner-transaction.js'
import { roleOf, type TenantId } from '../../tenancy/tenant-id.js'
import { TENANT_ROLE, type CatalogueObject } from './catalogue-objects.js'
import type { Difference } from './compare-catalogues.js'
import type { RepairGuard, RepairPhase, RepairStep } from './finding.js'
import { columnClause, changeColumn } from './repair-column.js'

const quote = pg.escapeIdentifier

/** How a difference is put right, or why it is not. */
export type Repair = { readonly steps: readonly RepairStep[] } | { readonly left: string }

const BY_HAND = 'it has to be changed by hand'

/** The statements that make a difference go away; they run with the schema first on the path. */
export function repairOf(difference: Difference, tenant: TenantId): Repair {
  switch (difference.type) {
    case 'missing':
      return make(difference.expected, difference.parts, tenant)
    case 'extra':
      return remove(difference.actual, tenant)
    case 'differs':
      return change(difference, tenant)
  }
}

function steps(...all: readonly RepairStep[]): Repair {
  return { steps: all }
}

function step(phase: RepairPhase, ...statements: readonly string[]): RepairStep {
  // What is too much may belong to anybody.
  return phase === 'drop' || phase === 'drop-extra'
    ? { phase, statements, as: 'admin' }
    : { phase, statements }
}

function make(object: CatalogueObject, parts: readonly CatalogueObject[], tenant: TenantId): Repair {
  const { kind, table, name, facts } = object
  switch (kind) {
    case 'schema':
      return { left: 'its rows are gone with it: restore it from a backup or an export' }
    case 'table':
      return steps(...makeTable(object, parts), ...parts.flatMap((part) => partSteps(part, tenant)))
    case 'column': {
      const needsRows = facts['nullability'] === 'not null' && facts['default'] === null
      const guard: RepairGuard = {
        table: quote(table),
        question: `select exists (select from ${quote(table)})`,
        reason: 'the table has rows, and the column must have a value and has no default',
        isExtra: false,
      }
      const added = step('column', `alter table ${quote(table)} add column ${columnClause(object)}`)
      return steps(needsRows ? { ...added, guard } : added)
    }
    case 'constraint':
    case 'index':
    case 'grant':
      return steps(...partSteps(object, tenant))
    case 'function':
    case 'trigger':
      return facts['definition'] === null || facts['definition'] === undefined
        ? { left: BY_HAND }
        : steps(step('setting', facts['definition']))
    case 'view':
      return facts['kind'] === 'view'
        ? steps(step('setting', `create view ${quote(name)} as ${facts['definition']}`))
        : { left: BY_HAND }
    default:
      return { left: BY_HAND }
  }
}

function makeTable({ name, facts }: CatalogueObject, parts: readonly CatalogueObject[]): RepairStep[] {
  const parent = /^(.*) DEFAULT$/.exec(facts['partition of'] ?? '')?.[1]
  if (parent !== undefined) {
    return [step('partition', `create table ${quote(name)} partition of ${quote(parent)} default`)]
  }
  const columns = parts
    .filter(({ kind }) => kind === 'column')
    .sort((a, b) => Number(a.facts['#position']) - Number(b.facts['#position']))
    .map(columnClause)
  const key = facts['partition key']
  const partitioned = key === null || key === undefined ? '' : ` partition by ${key}`
  return [step('table', `create table ${quote(name)} (\n  ${columns.join(',\n  ')}\n)${partitioned}`)]
}

/** What makes a constraint, an index or a grant. */
function partSteps(part: CatalogueObject, tenant: TenantId): RepairStep[] {
  const { kind, table, name, facts } = part
  if (kind === 'index') return [step('index', facts['definition'] ?? '')]
  if (kind === 'grant') return [step('grant', grantStatement(part, tenant, 'grant'))]
  if (kind !== 'constraint') return []
  const added = `alter table ${quote(table)} add constraint ${quote(name)} ${facts['definition']}`
  return [step(phaseOf(part), added)]
}

function phaseOf({ facts }: CatalogueObject): RepairPhase {
  if (facts['kind'] === 'f') return 'foreign-key'
  return facts['kind'] === 'c' ? 'check' : 'key'
}

function grantStatement(
  { table, facts }: CatalogueObject,
  tenant: TenantId,
  word: 'grant' | 'revoke',
): string {
  const role = facts['to'] === TENANT_ROLE ? roleOf(tenant) : (facts['to'] ?? '')
  const grantee = role === 'public' ? 'public' : quote(role)
  const columns =
    facts['column'] === null || facts['column'] === undefined ? '' : ` (${quote(facts['column'])})`
  const on = { schema: `schema ${quote(roleOf(tenant))}`, function: `function ${table}` }[facts['on'] ?? '']
  const object = on ?? `${facts['on']} ${quote(table)}`
  const privilege = `${facts['privilege']}${columns} on ${object}`
  if (word === 'revoke') return `revoke ${privilege} from ${grantee}`
  return `grant ${privilege} to ${grantee}${facts['option'] === 'grant' ? ' with grant option' : ''}`
}

function remove(object: CatalogueObject, tenant: TenantId): Repair {
  const { kind, table, name, facts } = object
  const [ofTable, own] = [quote(table), quote(name)]
  switch (kind) {
    case 'column':
      return steps({
        ...step('drop-extra', `alter table ${ofTable} drop column ${own}`),
        guard: extra(
          ofTable,
          `select exists (select from ${ofTable} where ${own} is not null)`,
          'it holds values',
        ),
      })
    case 'table': {
      const word = facts['kind'] === 'foreign table' ? 'foreign table' : 'table'
      return steps({
        ...step('drop-extra', `drop ${word} ${own}`),
        guard: extra(own, `select exists (select from ${own})`, 'it has rows'),
      })
    }
    case 'view':
    case 'sequence':
    case 'type': {
      const word =
        facts['kind'] === 'materialized view'
          ? 'materialized view'
          : facts['kind'] === 'domain'
            ? 'domain'
            : kind
      return steps({
        ...step('drop-extra', `drop ${word} ${own}`),
        guard: extra(own, undefined, 'its definition is nowhere else'),
      })
    }
    case 'function':
      return steps({
        ...step('drop-extra', `drop routine ${name}`),
        guard: extra(own, undefined, 'its definition is nowhere else'),
      })
    case 'constraint':
      return steps(step('drop', `alter table ${ofTable} drop constraint ${own}`))
    case 'index':
      return steps(step('drop', `drop index ${own}`))
    case 'grant':
      return steps(step('grant', grantStatement(object, tenant, 'revoke')))
    case 'schema':
      return { left: BY_HAND }
    default:
      return steps(step('drop', `drop ${kind} ${own} on ${ofTable}`))
  }
}

function extra(table: string, question: string | undefined, reason: string): RepairGuard {
  return { table, question, reason: `${reason}; --drop-extra drops it all the same`, isExtra: true }
}

function change(difference: Extract<Difference, { type: 'differs' }>, tenant: TenantId): Repair {
  const { expected, actual, facts } = difference
  const { kind, table, name } = expected
  if (kind === 'column') return changeColumn(expected, actual, facts)
  if (kind === 'constraint') {
    const [made] = partSteps(expected, tenant)
    const dropped = `alter table ${quote(table)} drop constraint ${quote(name)}`
    return steps({ ...made!, statements: [dropped, ...made!.statements] })
  }
  if (kind === 'index')
    return steps(step('index', `drop index ${quote(name)}`, expected.facts['definition'] ?? ''))
  if (kind === 'trigger' && expected.facts['definition'] != null) {
    return steps(
      step('setting', `drop trigger ${quote(name)} on ${quote(table)}`, expected.facts['definition']),
    )
  }
  const made = facts.map((fact) => changeFact(expected, fact, tenant))
  return made.some((one) => one === undefined)
    ? { left: BY_HAND }
    : { steps: made.flatMap((one) => one ?? []) }
}

/** Changes a fact of a schema, table, view, sequence or function; undefined when no statement does. */
function changeFact(
  { kind, name, facts }: CatalogueObject,
  fact: string,
  tenant: TenantId,
): RepairStep | undefined {
  const own = kind === 'function' ? name : quote(kind === 'schema' ? roleOf(tenant) : name)
  const word = kind === 'function' ? 'routine' : kind
  if (fact === 'owner') {
    return {
      ...step('owner', `alter ${word} ${own} owner to ${quote(facts['owner'] ?? ownerRole)}`),
      as: 'admin',
    }
  }
  if (kind === 'function' && fact === 'definition') return step('setting', facts['definition'] ?? '')
  if (kind !== 'table') return undefined
  const alter = `alter table ${own}`
  switch (fact) {
    case 'storage':
      return step('setting', `${alter} set ${facts['storage']}`)
    case 'triggers':
      // Those of foreign keys belong to the system.
      return { ...step('setting', `${alter} enable trigger all`), as: 'admin' }
    case 'row-level security': {
      const wanted = facts['row-level security']
      return step(
        'setting',
        `${alter} ${wanted === 'off' ? 'disable' : 'enable'} row level security`,
        `${alter} ${wanted === 'forced' ? 'force' : 'no force'} row level security`,
      )
    }
    default:
      return undefined
  }
}
