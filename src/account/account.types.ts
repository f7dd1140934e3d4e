import { Field, ID, ObjectType } from 'type-graphql'
import { DateTime } from '../entity/scalars.js'
import { OrganizationState } from '../graphql/organization-state.js'
import { MembershipStatus, OrganizationRole } from '../modules/organization/membership.entity.js'
import { Plan } from '../modules/organization/organization.entity.js'

@ObjectType({
  description: 'A person’s account, shared by all organizations the person belongs to.',
  simpleResolvers: true,
})
export class Account {
  @Field(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Field(() => String, { description: 'Address by which the person signs in.' })
  readonly email!: string

  @Field(() => Boolean, { description: 'True when the person has proven to receive mail at that address.' })
  readonly emailVerified!: boolean

  @Field(() => String, { nullable: true, description: 'Name by which the person may sign in instead.' })
  readonly username!: string | null

  @Field(() => Boolean, { description: 'True when signing in takes a second factor.' })
  readonly mfaEnabled!: boolean

  @Field(() => DateTime, { nullable: true, description: 'When the person last signed in; null when never.' })
  readonly lastLoginAt!: string | null

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the password was last changed; null when there never was another one.',
  })
  readonly passwordChangedAt!: string | null

  @Field(() => DateTime, { description: 'When the account was made.' })
  readonly createdAt!: string
}

@ObjectType({ description: 'An organization, as somebody sees it who belongs to it.', simpleResolvers: true })
export class MyOrganization {
  @Field(() => String, { description: 'Key to send in the header `org-id`.' })
  readonly key!: string

  @Field(() => String, { description: 'Name.' })
  readonly name!: string

  @Field(() => Plan, { description: 'What it has subscribed to.' })
  readonly plan!: Plan
}

@ObjectType({
  description: 'What the person who asks is in one organization.',
  simpleResolvers: true,
})
export class MyMembership {
  @Field(() => MyOrganization, { description: 'The organization.' })
  readonly organization!: MyOrganization

  @Field(() => OrganizationRole, { description: 'What the person may do there.' })
  readonly role!: OrganizationRole

  @Field(() => MembershipStatus, { description: 'Whether the membership gives access.' })
  readonly status!: MembershipStatus

  @Field(() => OrganizationState, {
    description: 'Whether the organization is served: only `ACTIVE` ones answer requests.',
  })
  readonly state!: OrganizationState

  @Field(() => DateTime, { description: 'When the person joined.' })
  readonly joinedAt!: string

  @Field(() => DateTime, {
    nullable: true,
    description: 'When access ends by itself; null when it does not.',
  })
  readonly expiresAt!: string | null
}
