import { Field, Int, ObjectType } from 'type-graphql'
import { DateTime } from '../entity/scalars.js'
import { ModuleAccessLevel } from '../modules/organization/module-access-level.js'
import { WARNING_DAYS } from '../tenancy/tenant-modules.js'
import { OptionalModule } from './optional-module.js'

@ObjectType({ description: 'An optional module as one organization has it.', simpleResolvers: true })
export class OrganizationModule {
  @Field(() => OptionalModule, { description: 'The module.' })
  readonly module!: OptionalModule

  @Field(() => ModuleAccessLevel, {
    nullable: true,
    description: 'How far it may be used; null when access was never given or was taken away.',
  })
  readonly access!: ModuleAccessLevel | null

  @Field(() => DateTime, { nullable: true, description: 'When access ends or ended; null when it does not.' })
  readonly expiresAt!: string | null

  @Field(() => Boolean, { description: `True in the ${WARNING_DAYS} days before access ends.` })
  readonly endsSoon!: boolean

  @Field(() => Boolean, { description: 'True when its tables are there, whether or not they may be used.' })
  readonly isInstalled!: boolean

  @Field(() => Boolean, { description: 'True when requests can use it now.' })
  readonly isEnabled!: boolean

  @Field(() => Boolean, { description: 'True when the organization’s plan includes it.' })
  readonly inPlan!: boolean

  @Field(() => Int, { nullable: true, description: 'Its last migration; null where it is not installed.' })
  readonly version!: number | null
}

/** Constant SQL: the modules of the organization `o` with the schema `t` as a JSON list, by name. */
export const organizationModules = `
  (select coalesce(json_agg(json_build_object('module', m.name, 'access', nullif(a.access_level, 'none'),
      'expiresAt', to_char(a.expires_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'endsSoon', coalesce(a.access_level <> 'none' and a.expires_at > now()
        and a.expires_at <= now() + interval '${WARNING_DAYS} days', false),
      'isInstalled', m.name = any(t.modules),
      'isEnabled', m.name = any(t.modules) and coalesce(a.access_level <> 'none'
        and (a.expires_at is null or a.expires_at > now()), false),
      'inPlan', o.plan = any(m.default_plans), 'version', (t.schema_versions ->> m.name)::integer) order by m.name), '[]')
    from public.modules m left join public.module_access a on a.module_id = m.id and a.organization_id = o.id
    where not m.is_core and (m.is_active or a.id is not null))`
