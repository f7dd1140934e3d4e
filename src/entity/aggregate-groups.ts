import { sql, type RawBuilder } from 'kysely'
import { AppError } from '../errors.js'
import type { GroupInput } from './aggregate-types.js'
import type { ColumnMeta } from './column.js'
import type { EntityDefinition } from './entity.js'
import { enumName } from './ordering.js'

/** What makes groups, in SQL; `field` names it in the result. */
export interface GroupExpression {
  readonly field: string
  readonly expression: RawBuilder<unknown>
}

/** Checks what a client groups by. Throws BAD_USER_INPUT. */
export function groupExpressions(
  entity: EntityDefinition,
  groupBy: readonly GroupInput[],
): GroupExpression[] {
  return groupBy.map((group, index) => {
    refuseRepeated(groupBy, index)
    return groupExpression(entity, group, index)
  })
}

/** Two buckets of one moment would need two names in `group`. */
function refuseRepeated(groupBy: readonly GroupInput[], index: number): void {
  const field = groupBy[index]?.field as string
  if (groupBy.findIndex((group) => group.field === field) === index) return
  throw new AppError('BAD_USER_INPUT', `groupBy names ${enumName(field)} twice.`, {
    field: `groupBy[${index}].field`,
  })
}

function groupExpression(
  entity: EntityDefinition,
  { field, bucket, timeZone }: GroupInput,
  index: number,
): GroupExpression {
  const column = entity.columns.get(field) as ColumnMeta
  const ref = sql.raw(`e.${column.column}`)
  const path = `groupBy[${index}]`
  if (column.kind !== 'datetime') {
    const given = bucket != null ? 'bucket' : timeZone != null ? 'timeZone' : undefined
    if (given === undefined) return { field, expression: ref }
    throw new AppError('BAD_USER_INPUT', `${path}.${given} is only for moments; ${field} is none.`, {
      field: `${path}.${given}`,
    })
  }
  if (bucket === null || bucket === undefined) {
    throw new AppError(
      'BAD_USER_INPUT',
      `${path}.bucket is missing: say by which length of time ${field} is grouped.`,
      {
        field: `${path}.bucket`,
      },
    )
  }
  const zone = checkedTimeZone(timeZone ?? 'UTC', `${path}.timeZone`)
  // Both are constants of a closed list by now; as parameters they would differ between select and group by.
  return { field, expression: sql.raw(`date_trunc('${bucket}', e.${column.column}, '${zone}')`) }
}

/** A name of the IANA time zone database that this process knows. */
function checkedTimeZone(name: string, path: string): string {
  try {
    if (/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name))
      return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    // Not a time zone: refused below.
  }
  throw new AppError(
    'BAD_USER_INPUT',
    `${path} is not a time zone: ${JSON.stringify(name.slice(0, 64))}. Use a name such as "Europe/Berlin".`,
    {
      field: path,
    },
  )
}
