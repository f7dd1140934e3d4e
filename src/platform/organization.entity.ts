import { Field, ID, Int, ObjectType } from 'type-graphql'
import { Column } from '../entity/column.js'
import { crudResolver } from '../entity/crud-resolver.js'
import { Entity } from '../entity/entity.js'
import { SortDirection } from '../entity/ordering.js'
import { DateTime, SafeInt } from '../entity/scalars.js'
import { defineView } from '../entity/view.js'
import { OrganizationState } from '../graphql/organization-state.js'
import { Plan } from '../modules/organization/organization.entity.js'
import { OptionalModule } from './optional-module.js'
import { OrganizationModule, organizationModules } from './organization-module.type.js'

@ObjectType({ description: 'How far a part of an organization’s schema is.', simpleResolvers: true })
export class SchemaVersion {
  @Field(() => String, { description: 'The module; `core` is everybody’s.' })
  readonly module!: string

  @Field(() => Int, { description: 'Number of the last migration applied.' })
  readonly version!: number
}

@Entity({ description: 'A customer’s organization, as the control plane sees it: never what is in it.' })
export class Organization {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => String, { description: 'Key that selects it in the header `org-id`; never changes.' })
  readonly key!: string

  @Column(() => String, { description: 'Name, unique among organizations that are not deleted.' })
  readonly name!: string

  @Column(() => String, { description: 'Part of addresses, unique.' })
  readonly slug!: string

  @Column(() => Plan, { description: 'What it has subscribed to.' })
  readonly plan!: Plan

  @Column(() => String, { nullable: true, description: 'Region in which its data is kept.' })
  readonly region!: string | null

  @Column(() => OrganizationState, { description: 'Where it is in its life.' })
  readonly state!: OrganizationState

  @Column(() => DateTime, { description: 'When it came into that state.' })
  readonly stateChangedAt!: string

  @Column(() => [OptionalModule], { description: 'Modules it may use now.' })
  readonly entitledModules!: OptionalModule[]

  @Column(() => [OptionalModule], { description: 'Modules whose tables its schema has.' })
  readonly modules!: OptionalModule[]

  @Column(() => [OrganizationModule], { description: 'Every optional module with what it has of it.' })
  readonly moduleAccess!: OrganizationModule[]

  @Column(() => [SchemaVersion], { description: 'How far its schema is, module by module.' })
  readonly schemaVersions!: SchemaVersion[]

  @Column(() => Int, { description: 'How often its provisioning was begun.' })
  readonly attempts!: number

  @Column(() => String, {
    nullable: true,
    description: 'What went wrong last; null when nothing did since it became active.',
  })
  readonly lastError!: string | null

  @Column(() => DateTime, { nullable: true, description: 'When that went wrong.' })
  readonly lastErrorAt!: string | null

  @Column(() => DateTime, {
    nullable: true,
    description: 'For one being deleted: the moment from which its data is dropped.',
  })
  readonly deleteAfter!: string | null

  @Column(() => SafeInt, { description: 'How many people have an active membership.' })
  readonly memberCount!: number

  @Column(() => DateTime, { description: 'When it was asked for.' })
  readonly createdAt!: string
}

const select = `
  select o.id, o.org_key as key, o.name, o.slug, o.plan, o.region, t.state, t.state_changed_at, t.modules,
    array(select m.name from public.module_access a join public.modules m on m.id = a.module_id
      where a.organization_id = o.id and a.access_level <> 'none' and not m.is_core
        and (a.expires_at is null or a.expires_at > now())
      order by m.name) as entitled_modules,
    ${organizationModules} as module_access,
    (select coalesce(json_agg(json_build_object('module', v.key, 'version', v.value) order by v.key), '[]')
      from jsonb_each(t.schema_versions) v) as schema_versions,
    t.attempts, t.last_error, t.last_error_at, t.delete_after,
    (select count(*) from public.memberships s
      where s.organization_id = o.id and s.status = 'active') as member_count,
    o.created_at
  from public.organizations o join public.tenant_schemas t on t.organization_id = o.id`

export const organizations = defineView(Organization, {
  select,
  module: 'core',
  singular: 'organization',
  plural: 'organizations',
  permission: 'organization',
  reads: ['list'],
  filter: ['id', 'key', 'name', 'slug', 'plan', 'region', 'state', 'stateChangedAt', 'createdAt'],
  orderBy: ['key', 'name', 'plan', 'state', 'stateChangedAt', 'memberCount', 'createdAt'],
  defaultOrder: [{ field: 'name', direction: SortDirection.ASC }],
})

/** `organizations`, by state, plan or any of its names. */
export const organizationCrud = crudResolver(organizations)
