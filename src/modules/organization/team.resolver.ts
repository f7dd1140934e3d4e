import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { EXPECTED_UPDATED_AT } from '../../entity/mutations.js'
import type { OperationContext } from '../../entity/operation-context.js'
import type { EntityRow } from '../../entity/rows.js'
import { DateTime } from '../../entity/scalars.js'
import { keyFromId } from '../../entity/store.js'
import { Team, teams } from './team.entity.js'
import { TeamMember, TeamRole } from './team-member.entity.js'
import { addTeamMember, removeTeamMember } from './team-roster.js'
import { deleteTeam, moveTeam } from './team-tree.js'
import { users } from './user.entity.js'

@InputType({ description: 'Where a team is to stand in the tree.' })
export class MoveTeamInput {
  @Field(() => ID, { description: 'The team to move, with everything below it.' })
  readonly id!: string

  @Field(() => ID, { nullable: true, description: 'The team that is to be above; the top when left out.' })
  readonly under?: string | null
}

@InputType({ description: 'Who joins which team, as what.' })
export class AddTeamMemberInput {
  @Field(() => ID, { description: 'The team.' })
  readonly teamId!: string

  @Field(() => ID, { description: 'The person.' })
  readonly userId!: string

  @Field(() => TeamRole, { defaultValue: TeamRole.MEMBER, description: 'What the person is in the team.' })
  readonly role!: TeamRole
}

@InputType({ description: 'Who leaves which team.' })
export class RemoveTeamMemberInput {
  @Field(() => ID, { description: 'The team.' })
  readonly teamId!: string

  @Field(() => ID, { description: 'The person.' })
  readonly userId!: string
}

@ObjectType({ description: 'A team that was changed.', simpleResolvers: true })
export class TeamPayload {
  @Field(() => Team, { description: 'The team.' })
  readonly team!: unknown
}

@ObjectType({ description: 'A time in a team that began or ended.', simpleResolvers: true })
export class TeamMemberPayload {
  @Field(() => TeamMember, { description: 'The person’s time in the team.' })
  readonly teamMember!: unknown
}

@Resolver(() => Team)
export class TeamResolver {
  @Mutation(() => TeamPayload, {
    nullable: true,
    description: 'Puts a team, with everything below it, under another one.',
  })
  async moveTeam(
    @Arg('input', () => MoveTeamInput, { description: 'Which team, and where to.' }) input: MoveTeamInput,
    @Ctx() context: OperationContext,
    @Arg('expectedUpdatedAt', () => DateTime, { nullable: true, description: EXPECTED_UPDATED_AT })
    expected?: string | null,
  ): Promise<{ team: EntityRow }> {
    const team = key(input.id, 'id')
    const under = input.under === null || input.under === undefined ? null : key(input.under, 'under')
    return { team: await moveTeam(context, team, under, expected) }
  }

  @Mutation(() => TeamPayload, {
    nullable: true,
    description: 'Deletes a team that has no teams below it; its people leave it.',
  })
  async deleteTeam(
    @Arg('id', () => ID, { description: 'Which team.' }) id: string,
    @Ctx() context: OperationContext,
    @Arg('expectedUpdatedAt', () => DateTime, { nullable: true, description: EXPECTED_UPDATED_AT })
    expected?: string | null,
  ): Promise<{ team: EntityRow }> {
    return { team: await deleteTeam(context, key(id, 'id'), expected) }
  }

  @Mutation(() => TeamMemberPayload, {
    nullable: true,
    description: 'Lets a person join a team; nothing changes for one who is in it as that already.',
  })
  async addTeamMember(
    @Arg('input', () => AddTeamMemberInput, { description: 'Who joins which team.' })
    input: AddTeamMemberInput,
    @Ctx() context: OperationContext,
  ): Promise<{ teamMember: EntityRow }> {
    const user = keyFromId(users, input.userId, 'userId')[0] as string
    return { teamMember: await addTeamMember(context, key(input.teamId, 'teamId'), user, input.role) }
  }

  @Mutation(() => TeamMemberPayload, {
    nullable: true,
    description: 'Lets a person leave a team; the time in it stays on record.',
  })
  async removeTeamMember(
    @Arg('input', () => RemoveTeamMemberInput, { description: 'Who leaves which team.' })
    input: RemoveTeamMemberInput,
    @Ctx() context: OperationContext,
  ): Promise<{ teamMember: EntityRow }> {
    const user = keyFromId(users, input.userId, 'userId')[0] as string
    return { teamMember: await removeTeamMember(context, key(input.teamId, 'teamId'), user) }
  }
}

function key(id: string, field: string): string {
  return keyFromId(teams, id, field)[0] as string
}
