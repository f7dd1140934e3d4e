import { crudResolver } from '../entity/crud-resolver.js'
import type { EntityDefinition } from '../entity/entity.js'
import { defineModule, type Module } from '../entity/module.js'
import { sharedOnly } from '../entity/shared-rows.js'
import { withWrites } from '../entity/with-writes.js'
import { catalogRelations } from '../modules/catalog/index.js'
import { modelPrices } from '../modules/catalog/model-price.entity.js'
import { models } from '../modules/catalog/model.entity.js'
import { PriceRatesResolver } from '../modules/catalog/price-rates.resolver.js'
import { providers } from '../modules/catalog/provider.entity.js'
import { tools, writtenToolFields } from '../modules/catalog/tool.entity.js'

/** Without the tools of any organization. */
const sharedTools = sharedOnly(tools)

const writtenTools = withWrites(sharedTools, {
  permission: 'tool',
  create: writtenToolFields,
  update: writtenToolFields,
  defaulted: ['type', 'apiAvailable', 'aliases', 'extra'],
})

/** Prices name provider and model by their names, so neither is ever renamed. */
const writtenProviders = withWrites(providers, {
  permission: 'provider',
  create: ['name', 'providerType', 'defaultModel', 'isActive'],
  update: ['providerType', 'defaultModel', 'isActive'],
  defaulted: ['isActive'],
})

const modelFields = [
  'displayName',
  'description',
  'maxTokens',
  'supportsFunctions',
  'supportsVision',
  'supportsStreaming',
  'averageLatencyMs',
  'qualityScore',
  'isActive',
  'deprecatedAt',
] as const

const writtenModels = withWrites(models, {
  permission: 'model',
  create: ['providerId', 'modelName', ...modelFields],
  update: modelFields,
  defaulted: ['supportsFunctions', 'supportsVision', 'supportsStreaming', 'isActive'],
})

const written = [writtenTools, writtenProviders, writtenModels].map(crudResolver)

export const catalogueEntities: readonly EntityDefinition[] = [sharedTools, providers, models, modelPrices]

const read = defineModule({
  name: 'catalog',
  entities: catalogueEntities,
  relations: catalogRelations,
  resolvers: [PriceRatesResolver],
})

/** The catalogue all organizations share, read as they read it, and written only here. */
export const catalogue: Module = {
  name: read.name,
  entities: catalogueEntities,
  resolvers: [...read.resolvers, ...written.map(({ resolver }) => resolver)],
  rules: [...read.rules, ...written.map(({ rules }) => rules)],
}
