import { sql } from 'kysely'
import { formatTimestamp, parseBound, type Microseconds } from '../database/timestamp.js'
import { always } from '../entity/condition.js'
import type { EntityRow } from '../entity/rows.js'
import { findRow } from '../entity/store.js'
import { modelPrices } from '../modules/catalog/model-price.entity.js'
import { statements, type Session } from '../tenancy/session.js'
import type { AddModelPriceInput } from './model-price.inputs.js'
import type { NewRate, PricePeriod } from './new-model-price.js'

/** Id of a model in the catalogue. Two prices of one model at once wait for each other here. */
export async function lockModel(
  session: Session,
  { provider, modelName }: AddModelPriceInput,
): Promise<string | undefined> {
  const query = sql<{ id: string }>`/* model_prices.model */
    select m.id from public.llm_providers v join public.llm_models m on m.provider_id = v.id
    where v.name = ${provider} and m.model_name = ${modelName} for update of m`
  const [model] = await session.run(query.compile(statements))
  return model?.id
}

/** Every provider, and every model of each. */
export async function catalogueNames(
  session: Session,
): Promise<readonly { readonly provider: string; readonly modelName: string | null }[]> {
  const query = sql<{ provider: string; modelName: string | null }>`/* model_prices.names */
    select v.name as provider, m.model_name as "modelName"
    from public.llm_providers v left join public.llm_models m on m.provider_id = v.id`
  return session.run(query.compile(statements))
}

/** When the prices hold that a model (or one version of it) has so far. */
export async function knownPeriods(
  session: Session,
  { provider, modelName, modelVersion }: AddModelPriceInput,
): Promise<PricePeriod[]> {
  const query = sql<{ id: string; from: string; to: string | null }>`/* model_prices.periods */
    select id, effective_from as "from", effective_to as "to" from public.llm_model_pricing
    where provider = ${provider} and model_name = ${modelName} and is_active
      and model_version is not distinct from ${modelVersion ?? null}
    order by effective_from`
  const rows = await session.run(query.compile(statements))
  return rows.map(({ id, from, to }) => ({
    id,
    from: parseBound(from, -Infinity),
    to: parseBound(to, Infinity),
  }))
}

/** Gives a price an end. */
export async function endPrice(session: Session, id: string, at: Microseconds): Promise<void> {
  const query = sql`/* model_prices.end */
    update public.llm_model_pricing set effective_to = ${formatTimestamp(at)}, updated_at = now() where id = ${id}`
  await session.run(query.compile(statements))
}

/** Adds a price without rates, and returns its id. */
export async function insertPrice(
  session: Session,
  { provider, modelName, modelVersion, currency, source }: AddModelPriceInput,
  modelId: string,
  from: Microseconds,
): Promise<string> {
  const effectiveFrom = from === -Infinity ? '-infinity' : formatTimestamp(from)
  const query = sql<{ id: string }>`/* model_prices.insert */
    insert into public.llm_model_pricing (provider, model_name, model_version, model_id, currency, effective_from,
      source)
    values (${provider}, ${modelName}, ${modelVersion ?? null}, ${modelId}, ${currency}, ${effectiveFrom},
      ${source ?? null})
    returning id`
  const [row] = await session.run(query.compile(statements))
  return row!.id
}

export async function insertRates(session: Session, id: string, rates: readonly NewRate[]): Promise<void> {
  const values = rates.map(
    ({ component, unit, amount, minContextTokens }) =>
      sql`(${id}, ${component}, ${unit}, ${amount}, ${minContextTokens})`,
  )
  const query = sql`/* model_prices.insert_rates */
    insert into public.llm_price_components (pricing_id, component, unit, amount, min_context_tokens)
    values ${sql.join(values)}`
  await session.run(query.compile(statements))
}

/** A price that is there, whole. */
export async function showPrice(session: Session, id: string): Promise<EntityRow> {
  const row = await findRow(session, modelPrices, [id], always, [...modelPrices.columns.keys()])
  if (row === undefined) throw new Error(`price ${id} is gone within its own transaction`)
  return row
}
