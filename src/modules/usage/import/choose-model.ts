import { sql } from 'kysely'
import { AppError } from '../../../errors.js'
import { closest } from '../../../tenancy/closest-word.js'
import { statements, type Session } from '../../../tenancy/session.js'

/** A model as events name it; the provider stays open for a model that nobody sells. */
export interface ChosenModel {
  readonly modelName: string
  readonly provider: string | undefined
}

interface SoldModel {
  readonly provider: string
  readonly model_name: string
}

/**
 * Checks a model's name against the prices before a file is read: a slip of the pen must not fill the books with
 * unpriced events. Throws BAD_USER_INPUT with the name nearest to an unknown one, or the providers when
 * several sell the model. `allowUnpriced` takes any name as it is.
 */
export async function chooseModel(
  session: Session,
  wanted: ChosenModel,
  { allowUnpriced }: { readonly allowUnpriced: boolean },
): Promise<ChosenModel> {
  const query = sql<SoldModel>`
    /* usage.import.models */
    select provider, model_name from public.llm_model_pricing where is_active
    union
    select provider, model_name from price_overrides
    order by 2, 1`
  const sold = await session.run(query.compile(statements))
  const providers = sold
    .filter(({ model_name }) => model_name === wanted.modelName)
    .map(({ provider }) => provider)
  if (wanted.provider !== undefined && providers.includes(wanted.provider)) return wanted
  if (wanted.provider === undefined && providers.length === 1) return { ...wanted, provider: providers[0] }
  if (allowUnpriced) return wanted
  throw providers.length > 0 ? unclearProvider(wanted, providers) : unknownModel(wanted.modelName, sold)
}

function unclearProvider({ modelName, provider }: ChosenModel, providers: readonly string[]): AppError {
  const said = provider === undefined ? '' : `, but not by ${provider}`
  return new AppError(
    'BAD_USER_INPUT',
    `the model ${modelName} is sold by ${providers.join(' and ')}${said}; name one of them as the provider`,
    { field: 'provider', providers },
  )
}

function unknownModel(modelName: string, sold: readonly SoldModel[]): AppError {
  const names = [...new Set(sold.map(({ model_name }) => model_name))]
  const near = closest(modelName, names)
  const advice = near === undefined ? `known are ${names.join(', ')}` : `did you mean ${near}?`
  return new AppError('BAD_USER_INPUT', `no price is known for a model ${modelName}; ${advice}`, {
    field: 'model',
    known: names,
  })
}
