import { sql } from 'kysely'
import { statements, type Session } from '../../tenancy/session.js'
import { type SoundUsageEvent, type UsageFlaw } from './usage-event-input.js'

interface UserReference {
  readonly id: string
  readonly team_id: string | null
  readonly department: string | null
}
interface ToolReference {
  readonly id: string
  readonly name: string
  readonly names: readonly string[]
}
interface ModelReference {
  readonly id: string
  readonly model_name: string
  readonly provider: string
}

/** The objects a batch of events names, as far as they exist. */
export interface UsageReferences {
  readonly users: ReadonlyMap<string, UserReference>
  readonly teams: ReadonlySet<string>
  readonly costCenters: ReadonlySet<string>
  readonly toolsById: ReadonlyMap<string, ToolReference>
  /** By name and by alias, in lower case. */
  readonly toolsByName: ReadonlyMap<string, ToolReference>
  readonly models: ReadonlyMap<string, ModelReference>
}

/** Looks up everything a batch names: at most one statement per kind of object, and none for a kind not named. */
export async function loadUsageReferences(
  session: Session,
  events: readonly SoundUsageEvent[],
): Promise<UsageReferences> {
  const distinct = (value: (event: SoundUsageEvent) => string | null | undefined): string[] => [
    ...new Set(events.map(value).filter((named): named is string => named != null)),
  ]
  const toolIds = distinct(({ toolId }) => toolId)
  const toolNames = distinct(({ toolName }) => toolName?.toLowerCase())
  const [users, teams, costCenters, tools, models] = await Promise.all([
    loadUsers(
      session,
      distinct(({ userId }) => userId),
    ),
    loadIds(
      session,
      'teams',
      distinct(({ teamId }) => teamId),
    ),
    loadIds(
      session,
      'cost_centers',
      distinct(({ costCenterId }) => costCenterId),
    ),
    loadTools(session, toolIds, toolNames),
    loadModels(
      session,
      distinct(({ modelId }) => modelId),
    ),
  ])
  return {
    users: new Map(users.map((user) => [user.id, user])),
    teams,
    costCenters,
    toolsById: new Map(tools.map((tool) => [tool.id, tool])),
    toolsByName: byName(tools),
    models: new Map(models.map((model) => [model.id, model])),
  }
}

/** A name wins over an alias, and the organization's own tool, which comes last, over a shared one. */
function byName(tools: readonly ToolReference[]): ReadonlyMap<string, ToolReference> {
  const byAnyName = tools.flatMap((tool) => tool.names.map((name) => [name, tool] as const))
  return new Map([...byAnyName, ...tools.map((tool) => [tool.name.toLowerCase(), tool] as const)])
}

/** The first reference of an event that leads nowhere. */
export function missingReference(event: SoundUsageEvent, found: UsageReferences): UsageFlaw | undefined {
  const reason = 'names an object that does not exist in this organization'
  if (event.userId != null && !found.users.has(event.userId)) return { field: 'userId', reason }
  if (event.teamId != null && !found.teams.has(event.teamId)) return { field: 'teamId', reason }
  if (event.costCenterId != null && !found.costCenters.has(event.costCenterId)) {
    return { field: 'costCenterId', reason }
  }
  if (event.toolId != null && !found.toolsById.has(event.toolId)) {
    return {
      field: 'toolId',
      reason: 'names a tool that is not in the catalogue and none of the organization’s own',
    }
  }
  if (event.modelId != null && !found.models.has(event.modelId)) {
    return { field: 'modelId', reason: 'names a model that is not in the catalogue' }
  }
  const model = found.models.get(event.modelId ?? '')
  if (model !== undefined && (event.modelName ?? model.model_name) !== model.model_name) {
    return { field: 'modelName', reason: `is not the name of the model in modelId, ${model.model_name}` }
  }
  return undefined
}

async function loadUsers(session: Session, ids: readonly string[]): Promise<readonly UserReference[]> {
  if (ids.length === 0) return []
  const query = sql<UserReference>`
    /* usage.references.users */
    select id, team_id, department from users where id = any(${ids}::uuid[])`
  return session.run(query.compile(statements))
}

async function loadIds(
  session: Session,
  table: 'teams' | 'cost_centers',
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const query = sql<{ id: string }>`
    /* usage.references.ids */
    select id from ${sql.table(table)} where id = any(${ids}::uuid[])`
  return new Set((await session.run(query.compile(statements))).map(({ id }) => id))
}

async function loadTools(
  session: Session,
  ids: readonly string[],
  names: readonly string[],
): Promise<readonly ToolReference[]> {
  if (ids.length === 0 && names.length === 0) return []
  const query = sql<ToolReference>`
    /* usage.references.tools */
    select t.id, t.name, n.names
    from (
      select id, name, aliases, false as own from public.tool_catalog
      union all
      select id, name, aliases, true from in_house_tools where deleted_at is null
    ) t
    cross join lateral (
      select array_agg(lower(name)) as names from unnest(t.aliases || t.name) as name
    ) n
    where t.id = any(${ids}::uuid[]) or n.names && ${names}::text[]
    order by t.own`
  return session.run(query.compile(statements))
}

async function loadModels(session: Session, ids: readonly string[]): Promise<readonly ModelReference[]> {
  if (ids.length === 0) return []
  const query = sql<ModelReference>`
    /* usage.references.models */
    select m.id, m.model_name, p.name as provider
    from public.llm_models m
    join public.llm_providers p on p.id = m.provider_id
    where m.id = any(${ids}::uuid[])`
  return session.run(query.compile(statements))
}
