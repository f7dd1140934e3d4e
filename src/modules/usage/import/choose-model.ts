import { sql } from 'kysely'
import { AppError } from '../../../errors.js'
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
 * unpriced events. Throws BAD_USER_INPUT listing the names nearest to an unknown one, or the providers when
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
  const near = nearest(modelName, names)
  const advice = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `known are ${names.join(', ')}`
  return new AppError('BAD_USER_INPUT', `no price is known for a model ${modelName}; ${advice}`, {
    field: 'model',
    near: near.length > 0 ? near : names,
  })
}

const MOST_SHOWN = 3

/** The names that take the fewest edits to become, at most a third of the wanted one's length. */
export function nearest(wanted: string, names: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(wanted.length / 3))
  return names
    .map((name) => ({ name, distance: editDistance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST_SHOWN)
    .map(({ name }) => name)
}

/** Levenshtein distance: insertions, deletions and replacements of single characters. */
function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const current = [i]
    for (let j = 1; j <= other.length; j++) {
      const replaced = (previous[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1)
      current[j] = Math.min(replaced, (previous[j] as number) + 1, (current[j - 1] as number) + 1)
    }
    previous = current
  }
  return previous[other.length] as number
}
