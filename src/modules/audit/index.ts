import { defineModule } from '../../entity/module.js'
import { toOne } from '../../entity/relations.js'
import { users } from '../organization/user.entity.js'
import { auditEntries } from './audit-entry.entity.js'

/** The append-only trail of every change. */
export const auditModule = defineModule({
  name: 'audit',
  entities: [auditEntries],
  relations: [
    toOne(auditEntries, 'user', { key: 'userId', target: users, description: 'The person who did it.' }),
  ],
})
