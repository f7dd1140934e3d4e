import { Ctx, Field, ID, ObjectType, Query, Resolver } from 'type-graphql'
import { encodeId } from '../../entity/global-id.js'
import { personOf, type TenantOperation } from '../../entity/operation-context.js'
import { accessRoles } from '../../tenancy/actor.js'
import { defineEnum } from '../../entity/enums.js'
import { DateTime } from '../../entity/scalars.js'
import { ModuleAccessLevel } from './module-access-level.js'
import { User } from './user.entity.js'

const AccessRole = Object.fromEntries(accessRoles.map((role) => [role.toUpperCase(), role])) as Record<
  Uppercase<(typeof accessRoles)[number]>,
  string
>
defineEnum('AccessRole', AccessRole, 'What a credential may do in the organization.', {
  OWNER: 'Everything, including deleting the organization.',
  ADMIN: 'Everything but what only an owner may.',
  MEMBER: 'Works, and sees own usage.',
  VIEWER: 'Reads.',
  API_USER: 'A key that reports usage.',
})

@ObjectType({ description: 'A module that the organization may use.', simpleResolvers: true })
export class ViewerModule {
  @Field(() => String, { description: 'Name of the module.' })
  readonly name!: string

  @Field(() => ModuleAccessLevel, { description: 'How far it may be used.' })
  readonly access!: string

  @Field(() => DateTime, { nullable: true, description: 'When access ends; null when it does not.' })
  readonly expiresAt!: string | null
}

@ObjectType({
  description: 'Who sends the request, and what that credential may do here.',
  simpleResolvers: true,
})
export class Viewer {
  @Field(() => ID, { nullable: true, description: 'Id of the person’s `User`; null for an API key.' })
  readonly userId!: string | null

  @Field(() => AccessRole, { description: 'Role in the organization.' })
  readonly role!: string

  @Field(() => [String], { description: 'Names of the modules the organization may use now.' })
  readonly modules!: string[]

  @Field(() => [ViewerModule], {
    description: 'Those modules with what may be done with them, and until when.',
  })
  readonly moduleAccess!: ViewerModule[]
}

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, { description: 'Who sends the request.' })
  viewer(@Ctx() context: TenantOperation): Viewer {
    const person = personOf(context)
    const moduleAccess = modulesOf(context)
    return {
      userId: person === null ? null : encodeId(User.name, [person]),
      role: context.tenant.role,
      modules: moduleAccess.map(({ name }) => name),
      moduleAccess,
    }
  }
}

/** By name. */
function modulesOf(context: TenantOperation): ViewerModule[] {
  const optional = [...context.tenant.modules]
    .filter(([name]) => context.moduleUse(name).allows !== 'nothing')
    .map(([name, { level, expiresAt }]) => ({
      name,
      access: level,
      expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    }))
  const core = { name: 'core', access: ModuleAccessLevel.FULL, expiresAt: null }
  return [core, ...optional].sort((a, b) => (a.name < b.name ? -1 : 1))
}
