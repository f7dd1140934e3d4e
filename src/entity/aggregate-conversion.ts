import { sql, type RawBuilder } from 'kysely'
import { AppError } from '../errors.js'
import { statements } from '../tenancy/session.js'
import { snakeCase, type ColumnMeta } from './column.js'
import { columnRef, type Condition } from './condition.js'
import type { EntityDefinition } from './entity.js'
import type { OperationContext } from './operation-context.js'
import { label, sourceOf } from './rows.js'

/** Brings the amounts of an aggregate into one currency. */
export interface Conversion {
  /** Stands behind the rows of a statement: `left join …`. */
  readonly join: RawBuilder<unknown>
  /** What an amount is multiplied with. */
  readonly factor: string
}

/** A currency's rate on a day; null when none is known. */
interface Rate {
  readonly currency: string
  readonly day: string
  readonly rate: string | null
}

/** Decimals of a rate that is only stored the other way round: a quotient has no end. */
const INVERTED = `1.${'0'.repeat(30)}`

/**
 * The rates by which amounts of the rows that `where` selects become amounts of another currency: for each currency and
 * day (UTC) the latest rate of that day or before, in either direction, of one day the direct one. Rows without an amount
 * need none. Throws BAD_USER_INPUT, naming pair and day, where there is no rate: leaving rows out would be a wrong sum.
 *
 * @param amounts - the columns whose amounts are asked for
 * @param target - a currency by ISO 4217
 */
export async function conversionTo(
  context: OperationContext,
  entity: EntityDefinition,
  amounts: readonly ColumnMeta[],
  where: Condition,
  target: string,
): Promise<Conversion> {
  const { currency, day } = placesOf(entity, amounts)
  const present = sql.join(
    amounts.map((amount) => sql`${columnRef(amount)} is not null`),
    sql` or `,
  )
  const rateOf = (base: RawBuilder<unknown>, quote: RawBuilder<unknown>, rate: string): RawBuilder<unknown> =>
    sql`(select valid_on, ${sql.raw(rate)} as rate, ${base} = n.currency as direct from public.exchange_rates
      where base_currency = ${base} and quote_currency = ${quote} and valid_on <= n.day
      order by valid_on desc limit 1)`
  const source = sql`n.currency`
  const query = sql<Rate>`${label(entity, 'rates')}
    select n.currency, n.day::text as day, r.rate::text as rate
    from (
      select distinct ${currency} as currency, ${day} as day from ${sourceOf(entity)} e
      where ${where} and (${present}) and ${currency} <> ${target}
    ) n
    left join lateral (
      select rate from (
        ${rateOf(source, sql`${target}`, 'rate')} union all ${rateOf(sql`${target}`, source, `${INVERTED} / rate`)}
      ) known order by valid_on desc, direct desc limit 1
    ) r on true
    order by n.day, n.currency`
  const rates = await context.read().run(query.compile(statements))
  const missing = rates.find(({ rate }) => rate === null)
  if (missing !== undefined) throw unknownRate(missing, target)
  const list = (of: (rate: Rate) => unknown): unknown[] => rates.map(of)
  const join = sql`left join unnest(${list((rate) => rate.currency)}::text[], ${list((rate) => rate.day)}::date[],
    ${list(({ rate }) => rate)}::numeric[]) x (currency, day, rate) on x.currency = ${currency} and x.day = ${day}`
  // Without a rate are the amounts that are of this currency already, by now.
  return { join, factor: 'coalesce(x.rate, 1)' }
}

/** Where a row holds its currency, and the day its amounts are of. */
function placesOf(
  entity: EntityDefinition,
  [amount]: readonly ColumnMeta[],
): { currency: RawBuilder<unknown>; day: RawBuilder<unknown> } {
  const at = entity.aggregate?.moneyAt
  if (at === undefined || amount?.currency === undefined)
    throw new TypeError(`${entity.name} does not say of when its amounts are`)
  return {
    currency: sql.raw(`e.${snakeCase(amount.currency)}`),
    day: sql.raw(`(e.${at.column} at time zone 'UTC')::date`),
  }
}

function unknownRate({ currency, day }: Rate, target: string): AppError {
  return new AppError(
    'BAD_USER_INPUT',
    `There is no rate from ${currency} to ${target} for ${day} or any day before. Leave out \`in\` to have each currency by itself, or narrow the filter.`,
    { field: 'in', from: currency, to: target, date: day },
  )
}
