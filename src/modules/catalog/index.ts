import { defineModule } from '../../entity/module.js'
import { toMany, toOne } from '../../entity/relations.js'
import { modelPrices } from './model-price.entity.js'
import { models } from './model.entity.js'
import { PriceRatesResolver } from './price-rates.resolver.js'
import { providers } from './provider.entity.js'
import { tools } from './tool.entity.js'

/** What leads from one entry of the catalogue to others. */
export const catalogRelations = [
  toMany(providers, 'models', { target: models, foreignKey: 'providerId', description: 'Its models.' }),
  toOne(models, 'provider', { key: 'providerId', target: providers, description: 'Who serves it.' }),
  toMany(models, 'prices', {
    target: modelPrices,
    foreignKey: 'modelId',
    description: 'Its list prices, the latest first.',
  }),
  toOne(modelPrices, 'model', { key: 'modelId', target: models, description: 'The model.' }),
]

/**
 * The catalogue: AI tools, model providers, their models and list prices, which all organizations share; and the tools
 * of the organization itself.
 */
export const catalogModule = defineModule({
  name: 'catalog',
  entities: [tools, providers, models, modelPrices],
  relations: catalogRelations,
  resolvers: [PriceRatesResolver],
})
