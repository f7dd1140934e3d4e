import type { Column, Table } from './catalogue.js'

/** Columns in which a mark changes no meaning: no rule, no key and no list of words looks at them. */
export function markable({ columns, checks, foreignKeys, uniqueKeys, name }: Table): readonly Column[] {
  const words = checks.filter(({ expression }) => !expression.includes('jsonb_typeof'))
  const bound = new Set([...words, ...foreignKeys, ...uniqueKeys].flatMap((each) => each.columns))
  const lists = checks
    .filter(({ expression }) => expression.includes(`'array'`))
    .flatMap((each) => each.columns)
  // States of the provisioner: what it reads there it acts upon.
  const machine =
    name === 'public.tenant_schemas' ? ['target_versions', 'schema_versions', 'required_versions'] : []
  return columns.filter(
    ({ name: column, type, required, generated }) =>
      !generated &&
      !bound.has(column) &&
      !lists.includes(column) &&
      !machine.includes(column) &&
      (type === 'jsonb' || (type === 'text' && !required)),
  )
}
