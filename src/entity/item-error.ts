import { Field, ObjectType } from 'type-graphql'

/** Why one item of a batch was refused, as `extensions` say it of a whole request. */
@ObjectType('ItemError', {
  description: 'Why one item of a batch was refused; the others were not touched by it.',
  simpleResolvers: true,
})
export class ItemErrorType {
  @Field(() => String, { description: 'Stable code, one of those in `extensions.code` of errors.' })
  readonly code!: string

  @Field(() => String, { description: 'What is wrong, for people.' })
  readonly message!: string

  @Field(() => String, { nullable: true, description: 'Field of the input that is at fault, where one is.' })
  readonly field!: string | null
}
