import { defineModule } from '../../entity/module.js'
import { toMany, toOne } from '../../entity/relations.js'
import { memberships } from './membership.entity.js'
import { organizations } from './organization.entity.js'
import { OrganizationResolver } from './organization.resolver.js'
import { teams } from './team.entity.js'
import { teamMembers } from './team-member.entity.js'
import { TeamResolver } from './team.resolver.js'
import { users } from './user.entity.js'
import { ViewerResolver } from './viewer.resolver.js'

const inTeam = { table: 'team_members', where: 'j.left_at is null' }

/** The organization from inside: its people, their memberships, and the tree of teams. */
export const organizationModule = defineModule({
  name: 'organization',
  entities: [organizations, users, teams, teamMembers, memberships],
  relations: [
    toOne(users, 'team', { key: 'teamId', target: teams, description: 'Primary team.' }),
    toMany(users, 'teams', {
      target: teams,
      through: { ...inTeam, from: 'user_id', to: 'team_id' },
      description: 'Every team the person is in.',
    }),
    toOne(users, 'membership', {
      key: 'id',
      target: memberships,
      targetKey: 'identityId',
      description: 'The membership that gives the person access.',
    }),
    toOne(teams, 'parent', { key: 'parentTeamId', target: teams, description: 'The team above.' }),
    toOne(teams, 'lead', { key: 'leadId', target: users, description: 'Who leads the team.' }),
    toMany(teams, 'children', {
      target: teams,
      foreignKey: 'parentTeamId',
      description: 'The teams directly below.',
    }),
    toMany(teams, 'members', {
      target: users,
      through: { ...inTeam, from: 'team_id', to: 'user_id' },
      description: 'The people in the team.',
    }),
    toOne(teamMembers, 'team', { key: 'teamId', target: teams, description: 'The team.' }),
    toOne(teamMembers, 'user', { key: 'userId', target: users, description: 'The person.' }),
    toOne(memberships, 'user', { key: 'identityId', target: users, description: 'The person.' }),
  ],
  resolvers: [OrganizationResolver, TeamResolver, ViewerResolver],
  rules: {
    Query: {
      organization: { module: 'core', permission: 'organization.read' },
      viewer: 'anyMember',
    },
    Mutation: {
      moveTeam: { module: 'core', permission: 'team.update' },
      deleteTeam: { module: 'core', permission: 'team.delete' },
      addTeamMember: { module: 'core', permission: 'team.manage_members' },
      removeTeamMember: { module: 'core', permission: 'team.manage_members' },
    },
  },
})
