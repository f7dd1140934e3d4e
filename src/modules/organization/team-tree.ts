import { sql } from 'kysely'
import { AppError } from '../../errors.js'
import type { OperationContext } from '../../entity/operation-context.js'
import type { EntityRow } from '../../entity/rows.js'
import { requireVersion, type ExpectedVersion } from '../../entity/expected-version.js'
import { deleteRow, lockRow, nextVersion, updateRow } from '../../entity/store.js'
import { statements, type Session } from '../../tenancy/session.js'
import { teams } from './team.entity.js'

/**
 * Puts a team, with everything below it, under another one, or at the top. Throws CONFLICT when that would make
 * a team its own ancestor.
 *
 * @param under - key of the team that is to be above, or null for the top
 */
export function moveTeam(
  context: OperationContext,
  team: string,
  under: string | null,
  expected?: ExpectedVersion,
): Promise<EntityRow> {
  return context.write(async (session) => {
    // One move at a time: two at once could each be legal and make a cycle together.
    await lockTree(session)
    if (under !== null) {
      await lockRow(session, teams, [under])
      if ((await ancestorsAndSelf(session, under)).includes(team)) {
        throw new AppError('CONFLICT', 'A team cannot be moved below itself.', { field: 'under' })
      }
    }
    return updateRow(session, context, teams, [team], { parentTeamId: under }, expected)
  })
}

/** Deletes a team without teams below it; its people leave it. Throws CONFLICT while there are teams below. */
export function deleteTeam(
  context: OperationContext,
  team: string,
  expected?: ExpectedVersion,
): Promise<EntityRow> {
  return context.write(async (session) => {
    await lockTree(session)
    // Whoever adds a team below holds this one until that is done: only then is it certain what is below.
    requireVersion(context, teams, await lockRow(session, teams, [team]), expected)
    const below = sql<{ count: number }>`/* teams.count_below */
      select count(*) as count from teams where parent_team_id = ${team} and deleted_at is null`
    const [found] = await session.run(below.compile(statements))
    if (found !== undefined && found.count > 0) {
      throw new AppError(
        'CONFLICT',
        `The team has ${found.count === 1 ? 'a team' : `${found.count} teams`} below it. Move or delete what is below first.`,
        {
          field: 'id',
        },
      )
    }
    const deleted = await deleteRow(session, context, teams, [team])
    await session.run(
      sql`/* team_members.close */ update team_members set left_at = greatest(now(), joined_at) where team_id = ${team} and left_at is null`.compile(
        statements,
      ),
    )
    await session.run(
      sql`/* users.leave_team */ update users e set team_id = null, updated_at = ${nextVersion} where e.team_id = ${team}`.compile(
        statements,
      ),
    )
    return deleted
  })
}

/** Changes of the tree happen one after the other; the lock ends with the transaction. */
async function lockTree(session: Session): Promise<void> {
  const query = sql`/* teams.lock_tree */ select pg_advisory_xact_lock(hashtext('teams.tree'), hashtext(current_schema()))`
  await session.run(query.compile(statements))
}

/** Ids of a team and of all teams above it. */
async function ancestorsAndSelf(session: Session, team: string): Promise<string[]> {
  const query = sql<{ id: string }>`/* teams.ancestors */
    with recursive path as (
      select id, parent_team_id from teams where id = ${team}
      union
      select above.id, above.parent_team_id from teams above join path on above.id = path.parent_team_id
    ) select id from path`
  return (await session.run(query.compile(statements))).map(({ id }) => id)
}
