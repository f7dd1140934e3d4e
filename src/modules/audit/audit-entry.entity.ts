import { ID } from 'type-graphql'
import type { Json } from '../../database/row-types.js'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { SortDirection } from '../../entity/ordering.js'
import { DateTime, JSONObject } from '../../entity/scalars.js'
import { User } from '../organization/user.entity.js'

@Entity({ description: 'One entry of the audit trail: who did what, when. Entries are never changed.' })
export class AuditEntry {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => DateTime, { description: 'When it happened.' })
  readonly occurredAt!: string

  @Column(() => String, { description: 'What was done: `create`, `update`, `delete`…' })
  readonly eventType!: string

  @Column(() => String, { description: 'Kind of event, for example `data_change`.' })
  readonly eventCategory!: string

  @Column(() => String, { description: '`success`, `denied` or `failure`.' })
  readonly result!: string

  @Column(() => ID, {
    nullable: true,
    references: () => User,
    description: 'The person who did it; null for a machine.',
  })
  readonly userId!: string | null

  @Column(() => String, {
    description: 'Kind of actor: `user`, `api_key`, `service`, `platform_admin` or `system`.',
  })
  readonly actorKind!: string

  @Column(() => String, { nullable: true, description: 'Kind of thing it was done to.' })
  readonly resourceType!: string | null

  @Column(() => String, { nullable: true, description: 'Key of the thing it was done to.' })
  readonly resourceId!: string | null

  @Column(() => JSONObject, {
    nullable: true,
    description: 'Values before; personal data is masked.',
    sensitivity: 'restricted',
  })
  readonly oldValues!: Json | null

  @Column(() => JSONObject, {
    nullable: true,
    description: 'Values after; personal data is masked.',
    sensitivity: 'restricted',
  })
  readonly newValues!: Json | null

  @Column(() => [String], { nullable: true, description: 'Names of the fields that changed.' })
  readonly changedFields!: string[] | null

  @Column(() => String, {
    nullable: true,
    description: 'Id of the request, as in the header `x-request-id`.',
  })
  readonly requestId!: string | null
}

export const auditEntries = defineEntity(AuditEntry, {
  table: 'audit_logs',
  module: 'core',
  singular: 'auditEntry',
  plural: 'auditEntries',
  permission: 'audit',
  key: ['id', 'occurredAt'],
  filter: [
    'id',
    'occurredAt',
    'eventType',
    'eventCategory',
    'result',
    'userId',
    'actorKind',
    'resourceType',
    'resourceId',
    'requestId',
  ],
  orderBy: ['occurredAt'],
  defaultOrder: [{ field: 'occurredAt', direction: SortDirection.DESC }],
})
