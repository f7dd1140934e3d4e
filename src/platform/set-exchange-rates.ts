import { sql } from 'kysely'
import type { Change } from '../entity/audit-trail.js'
import { AppError } from '../errors.js'
import { statements, type Session } from '../tenancy/session.js'
import type { ExchangeRateInput, SetExchangeRatesPayload } from './exchange-rate.types.js'
import type { PlatformContext } from './platform-context.js'

/** How many rates one call may set: three years of one pair. */
const MOST_RATES = 1_000

interface StoredRate {
  readonly id: string
  readonly base: string
  readonly quote: string
  readonly validOn: string
  readonly rate: string
  readonly before: string | null
}

/**
 * Stores dated exchange rates; one of the same currencies and day is replaced, which the audit trail tells. Throws
 * BAD_USER_INPUT naming the first rate that makes no sense, LIMIT_EXCEEDED for too many.
 */
export async function setExchangeRates(
  context: PlatformContext,
  rates: readonly ExchangeRateInput[],
): Promise<SetExchangeRatesPayload> {
  requireSense(rates)
  return context.write(async (session) => {
    const stored = await storeRates(session, rates)
    await context.record(session, stored.map(changeOf))
    const replaced = stored.filter(({ before }) => before !== null).length
    return { added: stored.length - replaced, replaced }
  })
}

function requireSense(rates: readonly ExchangeRateInput[]): void {
  if (rates.length > MOST_RATES) {
    throw new AppError(
      'LIMIT_EXCEEDED',
      `There are ${rates.length} rates; one call sets at most ${MOST_RATES}.`,
      {
        limit: 'rates',
        allowed: MOST_RATES,
        asked: rates.length,
      },
    )
  }
  const seen = new Set<string>()
  for (const [index, { base, quote, rate, validOn }] of rates.entries()) {
    const refuse = (field: string, reason: string): never => {
      const path = `rates[${index}].${field}`
      throw new AppError('BAD_USER_INPUT', `${path} ${reason}.`, { field: path })
    }
    if (base === quote) refuse('quote', `is ${quote} like base; a currency needs no rate to itself`)
    if (!/[1-9]/.test(rate) || rate.startsWith('-')) refuse('rate', 'must be more than zero')
    const name = `${base} ${quote} ${validOn}`
    if (seen.has(name)) refuse('validOn', `is ${validOn} as in an earlier rate from ${base} to ${quote}`)
    seen.add(name)
  }
}

async function storeRates(
  session: Session,
  rates: readonly ExchangeRateInput[],
): Promise<readonly StoredRate[]> {
  const query = sql<StoredRate>`/* exchange_rates.set */
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(rates)}::jsonb)
        as g (base char(3), quote char(3), rate numeric, "validOn" date, source text)
    ), before as (
      select r.id, r.rate from given g join public.exchange_rates r
        on r.base_currency = g.base and r.quote_currency = g.quote and r.valid_on = g."validOn"
    ), stored as (
      insert into public.exchange_rates as r (base_currency, quote_currency, rate, valid_on, source)
      select base, quote, rate, "validOn", source from given order by base, quote, "validOn"
      on conflict (base_currency, quote_currency, valid_on)
        do update set rate = excluded.rate, source = excluded.source
      returning r.id, r.base_currency, r.quote_currency, r.valid_on, r.rate
    )
    select s.id, s.base_currency as base, s.quote_currency as quote, s.valid_on::text as "validOn",
      s.rate::text as rate, b.rate::text as before
    from stored s left join before b on b.id = s.id order by 4, 2, 3`
  return session.run(query.compile(statements))
}

function changeOf({ id, base, quote, validOn, rate, before }: StoredRate): Change {
  return {
    eventType: before === null ? 'create' : 'update',
    resourceType: 'exchange_rate',
    resourceId: id,
    ...(before === null ? {} : { oldValues: { rate: before } }),
    newValues: { base, quote, validOn, rate },
  }
}
