import { Arg, Ctx, Field, Mutation, ObjectType, Resolver } from 'type-graphql'
import { DateTime } from '../entity/scalars.js'
import { ModuleAccessLevel } from '../modules/organization/module-access-level.js'
import { Plan } from '../modules/organization/organization.entity.js'
import { changePlan, disableModule, enableModule } from '../tenancy/change-modules.js'
import type { PlanChange } from '../tenancy/entitlements.js'
import { purgeModule } from '../tenancy/purge-module.js'
import { checkedText } from './checked-text.js'
import { controlOrganization, requireConfirmation } from './control-organization.js'
import { OptionalModule } from './optional-module.js'
import { Organization } from './organization.entity.js'
import type { PlatformContext } from './platform-context.js'

const KEY = { description: 'Key of the organization, as in the header `org-id`.' }
const MODULE = { description: 'The module.' }

@ObjectType({ description: 'What `enableModule` did.', simpleResolvers: true })
export class EnableModulePayload {
  @Field(() => Organization, { description: 'The organization.' })
  readonly organization!: unknown
}

@ObjectType({ description: 'What `disableModule` did.', simpleResolvers: true })
export class DisableModulePayload {
  @Field(() => Organization, { description: 'The organization.' })
  readonly organization!: unknown
}

@ObjectType({ description: 'What `purgeModule` did.', simpleResolvers: true })
export class PurgeModulePayload {
  @Field(() => Organization, { description: 'The organization.' })
  readonly organization!: unknown
}

@ObjectType({ description: 'What `changePlan` did.', simpleResolvers: true })
export class ChangePlanPayload {
  @Field(() => Organization, { description: 'The organization.' })
  readonly organization!: unknown

  @Field(() => [OptionalModule], {
    description: 'Modules that only the old plan included: they are disabled, and their data is kept.',
  })
  readonly disabledModules!: readonly string[]
}

@Resolver()
export class ModuleMutations {
  @Mutation(() => EnableModulePayload, {
    nullable: true,
    description:
      'Lets an organization use a module, within a second on every gateway: its tables are made, or brought up to date, first. Doing it again changes nothing.',
  })
  enableModule(
    @Arg('key', () => String, KEY) key: string,
    @Arg('module', () => OptionalModule, MODULE) module: OptionalModule,
    @Arg('access', () => ModuleAccessLevel, {
      nullable: true,
      description:
        'How far; what its plan gives when left out. Has to be said for what the plan does not include.',
    })
    access: ModuleAccessLevel | null | undefined,
    @Arg('expiresAt', () => DateTime, {
      nullable: true,
      description:
        'When access ends. When left out, a trial ends after the days it is offered for, and all else never.',
    })
    expiresAt: string | null | undefined,
    @Ctx() context: PlatformContext,
  ): Promise<EnableModulePayload> {
    return controlOrganization(context, key, (admin, tenant, by) =>
      enableModule(admin, tenant, module, {
        access: access ?? undefined,
        expiresAt: expiresAt ?? undefined,
        by,
        migrations: context.migrations,
      }),
    )
  }

  @Mutation(() => DisableModulePayload, {
    nullable: true,
    description:
      'Stops the use of a module, within a second on every gateway: its fields answer `MODULE_NOT_ENABLED`. Its data is kept and comes back with `enableModule`.',
  })
  disableModule(
    @Arg('key', () => String, KEY) key: string,
    @Arg('module', () => OptionalModule, MODULE) module: OptionalModule,
    @Arg('reason', () => String, {
      nullable: true,
      description: 'Why, for the audit trail, 1 to 500 characters. Name no person.',
    })
    reason: string | null | undefined,
    @Ctx() context: PlatformContext,
  ): Promise<DisableModulePayload> {
    const why = reason == null ? undefined : checkedText(reason, 'reason', 500)
    return controlOrganization(context, key, (admin, tenant, by) =>
      disableModule(admin, tenant, module, { by, reason: why }),
    )
  }

  @Mutation(() => PurgeModulePayload, {
    nullable: true,
    description: 'Drops the tables of a disabled module with all their data. There is no way back.',
  })
  purgeModule(
    @Arg('key', () => String, KEY) key: string,
    @Arg('module', () => OptionalModule, MODULE) module: OptionalModule,
    @Arg('confirm', () => String, { description: 'The key once more, so that no slip drops anything.' })
    confirm: string,
    @Ctx() context: PlatformContext,
  ): Promise<PurgeModulePayload> {
    requireConfirmation(key, confirm, 'drop the data of the module')
    return controlOrganization(context, key, (admin, tenant, by) =>
      purgeModule(admin, tenant, module, { by, migrations: context.migrations }),
    )
  }

  @Mutation(() => ChangePlanPayload, {
    nullable: true,
    description:
      'Changes what an organization has subscribed to. Modules that only the old plan included are disabled; what was granted beside it stays; trials of what the new one includes become full access.',
  })
  async changePlan(
    @Arg('key', () => String, KEY) key: string,
    @Arg('plan', () => Plan, { description: 'The new plan.' }) plan: Plan,
    @Ctx() context: PlatformContext,
  ): Promise<ChangePlanPayload> {
    let change: PlanChange | undefined
    const { organization } = await controlOrganization(context, key, async (admin, tenant, by) => {
      change = await changePlan(admin, tenant, plan, by)
    })
    return { organization, disabledModules: change?.disabled ?? [] }
  }
}
