import { ID } from 'type-graphql'
import type { Json } from '../../database/row-types.js'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { DateTime, JSONObject } from '../../entity/scalars.js'
import { User } from './user.entity.js'

@Entity({ description: 'A group of people inside the organization; teams form a tree.' })
export class Team {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => String, { description: 'Name, unique among its siblings, 1 to 200 characters.' })
  readonly name!: string

  @Column(() => String, { nullable: true, description: 'What the team is for.' })
  readonly description!: string | null

  @Column(() => ID, {
    nullable: true,
    references: () => Team,
    description: 'The team above; null at the top.',
  })
  readonly parentTeamId!: string | null

  @Column(() => ID, { nullable: true, references: () => User, description: 'Who leads the team.' })
  readonly leadId!: string | null

  @Column(() => JSONObject, { description: 'Settings of the front end, kept as they are.' })
  readonly settings!: Json

  @Column(() => DateTime, { description: 'When the team was made.' })
  readonly createdAt!: string

  @Column(() => DateTime, { description: 'When the team last changed.' })
  readonly updatedAt!: string
}

export const teams = defineEntity(Team, {
  table: 'teams',
  module: 'core',
  singular: 'team',
  plural: 'teams',
  permission: 'team',
  filter: ['id', 'name', 'description', 'parentTeamId', 'leadId', 'settings', 'createdAt'],
  orderBy: ['name', 'createdAt', 'updatedAt'],
  search: ['name', 'description'],
  create: ['name', 'description', 'parentTeamId', 'leadId', 'settings'],
  defaulted: ['settings'],
  // Moving a team is `moveTeam`: it has to look at the whole tree.
  update: ['name', 'description', 'leadId', 'settings'],
  // Deleting one is `deleteTeam` of the team service: it has to look at the teams below and at the members.
  softDelete: true,
  restore: { within: ['parentTeamId'] },
  bulk: true,
  naturalKey: { fields: ['parentTeamId', 'name'], ignoringCase: ['name'] },
})
