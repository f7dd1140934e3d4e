import { ID } from 'type-graphql'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { defineEnum } from '../../entity/enums.js'
import { SortDirection } from '../../entity/ordering.js'
import { DateTime, EmailAddress, WebAddress } from '../../entity/scalars.js'
import { Team } from './team.entity.js'

export enum UserStatus {
  PENDING_APPROVAL = 'pending_approval',
  ACTIVE = 'active',
  INACTIVE = 'inactive',
  SUSPENDED = 'suspended',
}
defineEnum('UserStatus', UserStatus, 'Whether a person may work in the organization.', {
  PENDING_APPROVAL: 'Has registered and waits for approval.',
  ACTIVE: 'May work.',
  INACTIVE: 'Does not work here at present.',
  SUSPENDED: 'Was locked out by an administrator.',
})

/** A row of the organization's directory; its id is that of the shared identity. */
@Entity({ description: 'A person or machine in the organization’s directory.' })
export class User {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => EmailAddress, {
    description: 'E-mail address the person signs in with.',
    sensitivity: 'restricted',
  })
  readonly email!: string

  @Column(() => String, {
    nullable: true,
    description: 'Name for mentions, unique in the organization.',
    sensitivity: 'restricted',
  })
  readonly username!: string | null

  @Column(() => String, { nullable: true, description: 'Full name.', sensitivity: 'restricted' })
  readonly fullName!: string | null

  @Column(() => String, { nullable: true, description: 'Name to show.', sensitivity: 'restricted' })
  readonly displayName!: string | null

  @Column(() => WebAddress, { nullable: true, description: 'Address of a picture.' })
  readonly avatarUrl!: string | null

  @Column(() => String, { nullable: true, description: 'Job title.' })
  readonly jobTitle!: string | null

  @Column(() => String, { nullable: true, description: 'Department, as the organization calls it.' })
  readonly department!: string | null

  @Column(() => ID, { nullable: true, references: () => Team, description: 'Primary team.' })
  readonly teamId!: string | null

  @Column(() => String, { description: 'Time zone by its IANA name, for example `Europe/Berlin`.' })
  readonly timezone!: string

  @Column(() => String, { description: 'Language and region by BCP 47, for example `en-US`.' })
  readonly locale!: string

  @Column(() => UserStatus, { description: 'Whether the person may work.' })
  readonly status!: UserStatus

  @Column(() => DateTime, { nullable: true, description: 'When the person was last active.' })
  readonly lastSeenAt!: string | null

  @Column(() => DateTime, { description: 'When the entry was made.' })
  readonly createdAt!: string

  @Column(() => DateTime, { description: 'When the entry last changed.' })
  readonly updatedAt!: string
}

export const users = defineEntity(User, {
  table: 'users',
  module: 'core',
  singular: 'user',
  plural: 'users',
  permission: 'user',
  filter: [
    'id',
    'email',
    'username',
    'fullName',
    'displayName',
    'jobTitle',
    'department',
    'teamId',
    'status',
    'lastSeenAt',
    'createdAt',
  ],
  orderBy: [
    'email',
    'fullName',
    'displayName',
    'department',
    'status',
    'lastSeenAt',
    'createdAt',
    'updatedAt',
  ],
  search: ['fullName', 'displayName', 'username', 'email', 'jobTitle', 'department'],
  alternateKey: ['email'],
  ignoreCase: ['email'],
  defaultOrder: [{ field: 'createdAt', direction: SortDirection.ASC }],
  // Identity, e-mail and status follow the shared identity and the membership; the rest is the directory's own.
  update: [
    'username',
    'fullName',
    'displayName',
    'avatarUrl',
    'jobTitle',
    'department',
    'teamId',
    'timezone',
    'locale',
  ],
  ownedBy: 'id',
  softDelete: true,
  restore: { within: [] },
})
