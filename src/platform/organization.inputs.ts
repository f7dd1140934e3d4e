import { Field, InputType, ObjectType } from 'type-graphql'
import { Plan } from '../modules/organization/organization.entity.js'
import { OptionalModule } from './optional-module.js'
import { Organization } from './organization.entity.js'

@InputType({ description: 'An organization as it shall be. What is left out gets its default.' })
export class CreateOrganizationInput {
  @Field(() => String, {
    description:
      'Key that selects it in the header `org-id`: 1 to 55 lower-case letters, digits and underscores. Never changes and is never used again.',
  })
  readonly key!: string

  @Field(() => String, { description: 'Name, 1 to 200 characters.' })
  readonly name!: string

  @Field(() => String, {
    nullable: true,
    description:
      'Part of addresses: lower-case letters, digits and hyphens. Made from the name when left out.',
  })
  readonly slug?: string | null

  @Field(() => Plan, { nullable: true, description: 'What it subscribes to; `FREE` when left out.' })
  readonly plan?: Plan | null

  @Field(() => [OptionalModule], { nullable: true, description: 'Modules it may use; none when left out.' })
  readonly modules?: OptionalModule[] | null

  @Field(() => String, { nullable: true, description: 'Region in which its data is to be kept.' })
  readonly region?: string | null

  @Field(() => String, { description: 'E-mail address of the person who becomes its first owner.' })
  readonly adminEmail!: string
}

@ObjectType({ description: 'What `createOrganization` did.', simpleResolvers: true })
export class CreateOrganizationPayload {
  @Field(() => Organization, { description: 'The organization, ready to be used.' })
  readonly organization!: unknown

  @Field(() => [OptionalModule], {
    description: 'Modules it may use that this installation does not have yet; they come with an update.',
  })
  readonly unavailableModules!: OptionalModule[]
}

@ObjectType({ description: 'What `suspendOrganization` did.', simpleResolvers: true })
export class SuspendOrganizationPayload {
  @Field(() => Organization, { description: 'The organization.' })
  readonly organization!: unknown
}

@ObjectType({ description: 'What `resumeOrganization` did.', simpleResolvers: true })
export class ResumeOrganizationPayload {
  @Field(() => Organization, { description: 'The organization.' })
  readonly organization!: unknown
}

@ObjectType({ description: 'What `deleteOrganization` did.', simpleResolvers: true })
export class DeleteOrganizationPayload {
  @Field(() => Organization, {
    description: 'The organization; `deleteAfter` says when its data is dropped.',
  })
  readonly organization!: unknown
}
