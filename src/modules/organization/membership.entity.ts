import { ID } from 'type-graphql'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { defineEnum } from '../../entity/enums.js'
import { DateTime } from '../../entity/scalars.js'
import { User } from './user.entity.js'

export enum OrganizationRole {
  OWNER = 'owner',
  ADMIN = 'admin',
  MEMBER = 'member',
  VIEWER = 'viewer',
}
defineEnum('OrganizationRole', OrganizationRole, 'What a person may do in the organization as a whole.', {
  OWNER: 'Everything, including deleting the organization.',
  ADMIN: 'Everything but what only an owner may.',
  MEMBER: 'Works, and sees own usage.',
  VIEWER: 'Reads.',
})

export enum MembershipStatus {
  INVITED = 'invited',
  ACTIVE = 'active',
  SUSPENDED = 'suspended',
  LEFT = 'left',
}
defineEnum('MembershipStatus', MembershipStatus, 'Whether a membership gives access.', {
  INVITED: 'Waits for the person to accept.',
  ACTIVE: 'Gives access.',
  SUSPENDED: 'Gives no access for now.',
  LEFT: 'Has ended.',
})

/** A shared row, seen from its organization: row-level security shows no other organization’s. */
@Entity({ description: 'A person’s membership in the organization.' })
export class Membership {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => ID, { references: () => User, description: 'The person.' })
  readonly identityId!: string

  @Column(() => OrganizationRole, { description: 'What the person may do.' })
  readonly role!: OrganizationRole

  @Column(() => MembershipStatus, { description: 'Whether it gives access.' })
  readonly status!: MembershipStatus

  @Column(() => DateTime, { description: 'When the person joined.' })
  readonly joinedAt!: string

  @Column(() => DateTime, {
    nullable: true,
    description: 'When access ends by itself; null when it does not.',
  })
  readonly expiresAt!: string | null
}

export const memberships = defineEntity(Membership, {
  table: 'memberships',
  module: 'core',
  singular: 'membership',
  plural: 'memberships',
  permission: 'user',
  filter: ['id', 'identityId', 'role', 'status', 'joinedAt', 'expiresAt'],
  orderBy: ['joinedAt', 'role', 'status'],
  ownedBy: 'identityId',
})
