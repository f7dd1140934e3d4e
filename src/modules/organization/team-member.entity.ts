import { ID } from 'type-graphql'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { defineEnum } from '../../entity/enums.js'
import { DateTime } from '../../entity/scalars.js'
import { Team } from './team.entity.js'
import { User } from './user.entity.js'

export enum TeamRole {
  LEAD = 'lead',
  MEMBER = 'member',
}
defineEnum('TeamRole', TeamRole, 'What a person is in a team.', {
  LEAD: 'Leads the team.',
  MEMBER: 'Works in the team.',
})

/** Closed by `leftAt`, never deleted, so that a past membership can still be answered. */
@Entity({ description: 'A person’s time in a team.' })
export class TeamMember {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => ID, { references: () => Team, description: 'The team.' })
  readonly teamId!: string

  @Column(() => ID, { references: () => User, description: 'The person.' })
  readonly userId!: string

  @Column(() => TeamRole, { description: 'What the person is in the team.' })
  readonly role!: TeamRole

  @Column(() => DateTime, { description: 'When the person joined.' })
  readonly joinedAt!: string

  @Column(() => DateTime, { nullable: true, description: 'When the person left; null while in the team.' })
  readonly leftAt!: string | null
}

export const teamMembers = defineEntity(TeamMember, {
  table: 'team_members',
  module: 'core',
  singular: 'teamMember',
  plural: 'teamMembers',
  permission: 'team',
  filter: ['id', 'teamId', 'userId', 'role', 'joinedAt', 'leftAt'],
  orderBy: ['joinedAt', 'leftAt', 'role'],
  announced: true,
})
