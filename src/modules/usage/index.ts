import { defineModule } from '../../entity/module.js'
import { toMany, toOne } from '../../entity/relations.js'
import { models } from '../catalog/model.entity.js'
import { tools } from '../catalog/tool.entity.js'
import { teams } from '../organization/team.entity.js'
import { users } from '../organization/user.entity.js'
import { RecordUsageResolver } from './record-usage.resolver.js'
import { UsageEventAddedResolver } from './usage-event-added.resolver.js'
import { usageEvents } from './usage-event.entity.js'

/** Metering: every use of an AI tool or model, counted once and priced exactly. */
export const usageModule = defineModule({
  name: 'usage',
  entities: [usageEvents],
  relations: [
    toOne(usageEvents, 'user', { key: 'userId', target: users, description: 'Who used the tool.' }),
    toOne(usageEvents, 'team', {
      key: 'teamId',
      target: teams,
      description: 'The person’s team at that time.',
    }),
    toOne(usageEvents, 'tool', { key: 'toolId', target: tools, description: 'The tool.' }),
    toOne(usageEvents, 'model', { key: 'modelId', target: models, description: 'The model.' }),
    toMany(users, 'usageEvents', {
      target: usageEvents,
      foreignKey: 'userId',
      description: 'What the person used.',
    }),
    toMany(teams, 'usageEvents', {
      target: usageEvents,
      foreignKey: 'teamId',
      description: 'What the team used.',
    }),
    toMany(tools, 'usageEvents', {
      target: usageEvents,
      foreignKey: 'toolId',
      description: 'Uses of the tool.',
    }),
  ],
  resolvers: [RecordUsageResolver, UsageEventAddedResolver],
  rules: {
    Mutation: { recordUsage: { module: 'usage', permission: 'usage.create' } },
    Subscription: { usageEventAdded: { module: 'usage', permission: 'usage.read', orOwn: true } },
  },
})
