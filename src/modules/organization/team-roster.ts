import { sql } from 'kysely'
import { auditable, changedObject, recordChange } from '../../entity/audit-trail.js'
import { personOf, type OperationContext } from '../../entity/operation-context.js'
import type { EntityRow } from '../../entity/rows.js'
import { createRow, lockRow, notFound, updateRow } from '../../entity/store.js'
import { statements, type Session } from '../../tenancy/session.js'
import { teams } from './team.entity.js'
import { teamMembers, type TeamRole } from './team-member.entity.js'
import { users } from './user.entity.js'

/** Lets a person join a team, or changes what the person is in it. */
export function addTeamMember(
  context: OperationContext,
  team: string,
  user: string,
  role: TeamRole,
): Promise<EntityRow> {
  return context.write(async (session) => {
    await lockRow(session, teams, [team])
    await lockRow(session, users, [user])
    const open = await openMembership(session, team, user)
    if (open !== undefined) return updateRow(session, context, teamMembers, [open], { role })
    return createRow(session, context, teamMembers, { teamId: team, userId: user, role })
  })
}

/** Ends a person's time in a team. Throws NOT_FOUND for somebody who is not in it. */
export function removeTeamMember(context: OperationContext, team: string, user: string): Promise<EntityRow> {
  return context.write(async (session) => {
    const open = await openMembership(session, team, user)
    if (open === undefined) throw notFound(teamMembers)
    const close = sql`/* team_members.close */
      update team_members set left_at = greatest(now(), joined_at), removed_by = ${personOf(context)} where id = ${open}`
    await session.run(close.compile(statements))
    const closed = await lockRow(session, teamMembers, [open])
    await recordChange(session, context, {
      eventType: 'update',
      resourceType: teamMembers.permission,
      resourceId: open,
      newValues: auditable(teamMembers, closed, ['leftAt']),
      object: changedObject(teamMembers, closed),
    })
    return closed
  })
}

async function openMembership(session: Session, team: string, user: string): Promise<string | undefined> {
  const query = sql<{ id: string }>`/* team_members.open */
    select id from team_members where team_id = ${team} and user_id = ${user} and left_at is null`
  const [row] = await session.run(query.compile(statements))
  return row?.id
}
