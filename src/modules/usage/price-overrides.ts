import { sql } from 'kysely'
import { priceOf, type Price, type PriceRow } from '../catalog/price-list.js'
import { statements, type Session } from '../../tenancy/session.js'

/** The prices an organization negotiated for the named models, at all times; they win over list prices. */
export async function loadPriceOverrides(session: Session, modelNames: readonly string[]): Promise<Price[]> {
  const query = sql<PriceRow>`
    /* price_overrides.load */
    select p.id, p.provider, p.model_name, p.model_version, m.id as model_id, p.currency, p.effective_from,
      p.effective_to,
      (select coalesce(json_agg(json_build_object(
          'component', c.component, 'unit', c.unit, 'amount', c.amount::text,
          'min_context_tokens', c.min_context_tokens)), '[]')
        from price_override_components c where c.override_id = p.id) as components
    from price_overrides p
    left join public.llm_providers v on v.name = p.provider
    left join public.llm_models m on m.provider_id = v.id and m.model_name = p.model_name
    where p.model_name = any(${modelNames})`
  return (await session.run(query.compile(statements))).map(priceOf)
}
