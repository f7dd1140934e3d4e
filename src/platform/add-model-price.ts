import { formatTimestamp, parseTimestamp, type Microseconds } from '../database/timestamp.js'
import { AppError } from '../errors.js'
import { recordChange } from '../entity/audit-trail.js'
import { closest } from '../tenancy/closest-word.js'
import type { Session } from '../tenancy/session.js'
import type { AddModelPriceInput, AddModelPricePayload } from './model-price.inputs.js'
import {
  catalogueNames,
  endPrice,
  insertPrice,
  insertRates,
  knownPeriods,
  lockModel,
  showPrice,
} from './model-price.store.js'
import { completeRates, succeed, type NewRate, type PricePeriod } from './new-model-price.js'
import type { PlatformContext } from './platform-context.js'

/**
 * Adds a list price from a moment on and ends the one before it. Throws BAD_USER_INPUT for a model that is not in the
 * catalogue and for rates that cannot be computed with, CONFLICT when the price would overlap another one.
 */
export async function addModelPrice(
  context: PlatformContext,
  input: AddModelPriceInput,
): Promise<AddModelPricePayload> {
  const rates = checkedRates(input)
  const from = firstMoment(input)
  return context.write(async (session) => {
    const modelId = await lockModel(session, input)
    if (modelId === undefined) throw await unknownModel(session, input)
    const succession = succeed(await knownPeriods(session, input), from)
    if ('overlaps' in succession) throw overlap(input, succession.overlaps)
    const { replaces } = succession
    if (replaces !== undefined) await replacePrice(session, context, replaces.id, from)
    const id = await insertPrice(session, input, modelId, from)
    await insertRates(session, id, rates)
    const modelPrice = await showPrice(session, id)
    await recordChange(session, context, {
      eventType: 'create',
      resourceType: 'model_price',
      resourceId: id,
      newValues: { ...modelPrice, rates },
    })
    return {
      modelPrice,
      replacedPrice: replaces === undefined ? null : await showPrice(session, replaces.id),
    }
  })
}

async function replacePrice(
  session: Session,
  context: PlatformContext,
  id: string,
  at: Microseconds,
): Promise<void> {
  await endPrice(session, id, at)
  await recordChange(session, context, {
    eventType: 'update',
    resourceType: 'model_price',
    resourceId: id,
    oldValues: { effectiveTo: null },
    newValues: { effectiveTo: formatTimestamp(at) },
  })
}

function checkedRates({ currency, rates }: AddModelPriceInput): readonly NewRate[] {
  if (!/^[A-Z]{3}$/.test(currency)) {
    throw refused('currency', 'must be three capital letters, as in USD')
  }
  const complete = completeRates(rates)
  if ('reason' in complete) throw refused(complete.field, complete.reason)
  return complete
}

function firstMoment({ effectiveFrom }: AddModelPriceInput): Microseconds {
  if (effectiveFrom === null || effectiveFrom === undefined) return -Infinity
  const moment = parseTimestamp(effectiveFrom)
  if (moment === undefined) throw refused('effectiveFrom', 'is not a moment')
  return moment
}

/** Says which of the two names is not in the catalogue, and which one may have been meant. */
async function unknownModel(
  session: Session,
  { provider, modelName }: AddModelPriceInput,
): Promise<AppError> {
  const names = await catalogueNames(session)
  const own = names.filter((name) => name.provider === provider)
  const [field, meant] =
    own.length === 0
      ? ([
          'provider',
          closest(
            provider,
            names.map((name) => name.provider),
          ),
        ] as const)
      : ([
          'modelName',
          closest(
            modelName,
            own.flatMap((name) => name.modelName ?? []),
          ),
        ] as const)
  const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`
  return refused(field, `is not in the catalogue${hint}`)
}

function overlap({ provider, modelName }: AddModelPriceInput, { from, to }: PricePeriod): AppError {
  const since = from === -Infinity ? 'the beginning' : formatTimestamp(from)
  const until = to === Infinity ? '' : ` until ${formatTimestamp(to)}`
  return new AppError(
    'CONFLICT',
    `${provider} ${modelName} has a price from ${since} on${until}; a new one has to begin later.`,
    { field: 'effectiveFrom' },
  )
}

function refused(field: string, reason: string): AppError {
  return new AppError('BAD_USER_INPUT', `input.${field} ${reason}.`, {
    field: `input.${field}`,
  })
}
