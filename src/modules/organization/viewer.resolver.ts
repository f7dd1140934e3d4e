import { Ctx, Field, ID, ObjectType, Query, Resolver } from 'type-graphql'
import { encodeId } from '../../entity/global-id.js'
import { personOf, type TenantOperation } from '../../entity/operation-context.js'
import { accessRoles } from '../../tenancy/actor.js'
import { defineEnum } from '../../entity/enums.js'
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

@ObjectType({
  description: 'Who sends the request, and what that credential may do here.',
  simpleResolvers: true,
})
export class Viewer {
  @Field(() => ID, { nullable: true, description: 'Id of the person’s `User`; null for an API key.' })
  readonly userId!: string | null

  @Field(() => AccessRole, { description: 'Role in the organization.' })
  readonly role!: string

  @Field(() => [String], { description: 'Modules the organization has.' })
  readonly modules!: string[]
}

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, { description: 'Who sends the request.' })
  viewer(@Ctx() context: TenantOperation): Viewer {
    const person = personOf(context)
    return {
      userId: person === null ? null : encodeId(User.name, [person]),
      role: context.tenant.role,
      modules: ['core', ...context.tenant.modules].sort(),
    }
  }
}
