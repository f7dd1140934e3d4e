import { ID, Int } from 'type-graphql'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { defineEnum } from '../../entity/enums.js'
import { SortDirection } from '../../entity/ordering.js'
import { DateTime, SafeInt } from '../../entity/scalars.js'

export enum ApiKeyStatus {
  ACTIVE = 'active',
  SUSPENDED = 'suspended',
  REVOKED = 'revoked',
  EXPIRED = 'expired',
}
defineEnum('ApiKeyStatus', ApiKeyStatus, 'Whether a key works.', {
  ACTIVE: 'It works.',
  SUSPENDED: 'It does not work for now.',
  REVOKED: 'It was revoked for good.',
  EXPIRED: 'Its time is over.',
})

/** A shared row, seen from its organization. The secret is nowhere: only its hash is stored, and never read. */
@Entity({ description: 'A key by which a program works in the organization.' })
export class ApiKey {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => String, { description: 'What the key is for.' })
  readonly name!: string

  @Column(() => String, { description: 'First characters of the key, to tell keys apart.' })
  readonly keyPrefix!: string

  @Column(() => String, { nullable: true, description: 'Role the key acts with; `api_user` when null.' })
  readonly roleName!: string | null

  @Column(() => Int, { description: 'Requests per minute.' })
  readonly rateLimit!: number

  @Column(() => SafeInt, { description: 'Requests per calendar month.' })
  readonly monthlyQuota!: number

  @Column(() => ApiKeyStatus, { description: 'Whether the key works.' })
  readonly status!: ApiKeyStatus

  @Column(() => DateTime, { nullable: true, description: 'When it was last used.' })
  readonly lastUsedAt!: string | null

  @Column(() => DateTime, { nullable: true, description: 'When it stops working by itself.' })
  readonly expiresAt!: string | null

  @Column(() => DateTime, { nullable: true, description: 'When it was revoked.' })
  readonly revokedAt!: string | null

  @Column(() => DateTime, { description: 'When it was made.' })
  readonly createdAt!: string
}

export const apiKeys = defineEntity(ApiKey, {
  table: 'api_keys',
  module: 'core',
  singular: 'apiKey',
  plural: 'apiKeys',
  permission: 'api_key',
  filter: ['id', 'name', 'keyPrefix', 'status', 'lastUsedAt', 'expiresAt', 'createdAt'],
  orderBy: ['name', 'lastUsedAt', 'expiresAt', 'createdAt'],
  defaultOrder: [{ field: 'createdAt', direction: SortDirection.ASC }],
  announced: true,
})
