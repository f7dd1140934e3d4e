import type { Queryable } from '../database/advisory-lock.js'
import { schemaOf } from './tenant-id.js'
import type { Home } from './tenant-people.js'

export interface TeamRequest {
  readonly name: string
  /** Id of the team above. */
  readonly parentId: string | null
  /** Identity of the lead. */
  readonly leadId: string | null
}

/**
 * Makes sure that a team exists among its siblings. Resolves to its id, or to undefined when the organization has
 * deleted it since: what people did in the application is not undone.
 */
export async function ensureTeam(
  db: Queryable,
  { tenant }: Home,
  team: TeamRequest,
): Promise<string | undefined> {
  const { name, parentId, leadId } = team
  const teams = `${schemaOf(tenant)}.teams`
  await db.query(
    `/* people.team */
     insert into ${teams} (id, name, parent_team_id, lead_id)
     select public.uuid_of_name($4), $1, $2, $3
     where not exists (select from ${teams} where id = public.uuid_of_name($4))
     on conflict do nothing`,
    [name, parentId, leadId, `orgscope:team:${tenant}:${parentId ?? ''}/${name}`],
  )
  const { rows } = await db.query<{ id: string }>(
    `/* people.team_find */
     select id from ${teams}
     where lower(name) = lower($1) and parent_team_id is not distinct from $2 and deleted_at is null`,
    [name, parentId],
  )
  return rows[0]?.id
}

/**
 * Makes sure that a person is, or once was, in a team; the first team becomes the home. Resolves to whether a
 * membership was added.
 */
export async function ensureTeamMember(
  db: Queryable,
  { tenant }: Home,
  teamId: string,
  userId: string,
): Promise<boolean> {
  const schema = schemaOf(tenant)
  const { rowCount } = await db.query(
    `/* people.team_member */
     insert into ${schema}.team_members (team_id, user_id, role)
     select t.id, $2, case when t.lead_id = $2 then 'lead' else 'member' end from ${schema}.teams t
     where t.id = $1 and not exists (
       select from ${schema}.team_members m where m.team_id = t.id and m.user_id = $2)`,
    [teamId, userId],
  )
  if (rowCount !== 1) return false
  await db.query(
    `/* people.home_team */ update ${schema}.users set team_id = $1 where id = $2 and team_id is null`,
    [teamId, userId],
  )
  return true
}
