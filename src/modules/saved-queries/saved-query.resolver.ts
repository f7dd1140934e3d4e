import type { GraphQLResolveInfo } from 'graphql'
import { Arg, Ctx, Field, ID, Info, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { AppError } from '../../errors.js'
import { personOf, type OperationContext } from '../../entity/operation-context.js'
import { valuesOf, type Values } from '../../entity/given-values.js'
import type { EntityRow } from '../../entity/rows.js'
import { JSONObject } from '../../entity/scalars.js'
import { createRow, deleteRow, keyFromId, lockRow, notFound, updateRow } from '../../entity/store.js'
import type { Session } from '../../tenancy/session.js'
import { checkedDocument } from './checked-document.js'
import { QueryVisibility, SavedQuery, savedQueries } from './saved-query.entity.js'

@InputType({ description: 'What is kept of a query.' })
export class CreateSavedQueryInput {
  @Field(() => String, { description: 'Name, unique among the queries of its owner, 1 to 200 characters.' })
  readonly name!: string

  @Field(() => String, { nullable: true, description: 'What it is good for.' })
  readonly description?: string | null

  @Field(() => String, { description: 'The GraphQL document, with one query.' })
  readonly document!: string

  @Field(() => JSONObject, { nullable: true, description: 'Values of its variables; none when left out.' })
  readonly variables?: Readonly<Record<string, unknown>> | null

  @Field(() => QueryVisibility, {
    nullable: true,
    description: 'Who finds it; its owner only when left out.',
  })
  readonly visibility?: QueryVisibility | null
}

@InputType({ description: 'What to change of a saved query; what is left out stays as it is.' })
export class UpdateSavedQueryInput {
  @Field(() => ID, { description: 'Which saved query to change.' })
  readonly id!: string

  @Field(() => String, { nullable: true, description: 'Name, unique among the queries of its owner.' })
  readonly name?: string | null

  @Field(() => String, { nullable: true, description: 'What it is good for.' })
  readonly description?: string | null

  @Field(() => String, { nullable: true, description: 'The GraphQL document, with one query.' })
  readonly document?: string | null

  @Field(() => JSONObject, { nullable: true, description: 'Values of its variables.' })
  readonly variables?: Readonly<Record<string, unknown>> | null

  @Field(() => QueryVisibility, { nullable: true, description: 'Who finds it.' })
  readonly visibility?: QueryVisibility | null
}

@ObjectType({ description: 'What `createSavedQuery` did.', simpleResolvers: true })
export class CreateSavedQueryPayload {
  @Field(() => SavedQuery, { description: 'The new saved query.' })
  readonly savedQuery!: EntityRow
}

@ObjectType({ description: 'What `updateSavedQuery` did.', simpleResolvers: true })
export class UpdateSavedQueryPayload {
  @Field(() => SavedQuery, { description: 'The saved query as it is now.' })
  readonly savedQuery!: EntityRow
}

@ObjectType({ description: 'What `deleteSavedQuery` did.', simpleResolvers: true })
export class DeleteSavedQueryPayload {
  @Field(() => SavedQuery, { description: 'The saved query as it was.' })
  readonly savedQuery!: EntityRow
}

/** Whoever belongs to the organization keeps queries of its own, and changes nobody else's. */
@Resolver()
export class SavedQueryResolver {
  @Mutation(() => CreateSavedQueryPayload, { nullable: true, description: 'Keeps a query under a name.' })
  async createSavedQuery(
    @Arg('input', () => CreateSavedQueryInput, { description: 'The query.' }) input: CreateSavedQueryInput,
    @Ctx() context: OperationContext,
    @Info() { schema }: GraphQLResolveInfo,
  ): Promise<CreateSavedQueryPayload> {
    const owner = ownerOf(context)
    checkedDocument(schema, input.document)
    const given = valuesOf(savedQueries, withoutNulls({ ...input }))
    const values = { ...given, name: checkedName(input.name), ownerId: owner }
    const savedQuery = await context.write((session) => createRow(session, context, savedQueries, values))
    return { savedQuery }
  }

  @Mutation(() => UpdateSavedQueryPayload, {
    nullable: true,
    description: 'Changes a saved query of one’s own.',
  })
  async updateSavedQuery(
    @Arg('input', () => UpdateSavedQueryInput, { description: 'Which one, and how.' })
    { id, ...input }: UpdateSavedQueryInput,
    @Ctx() context: OperationContext,
    @Info() { schema }: GraphQLResolveInfo,
  ): Promise<UpdateSavedQueryPayload> {
    const key = keyFromId(savedQueries, id)
    if (input.document != null) checkedDocument(schema, input.document)
    if (input.name != null) checkedName(input.name)
    const values = valuesOf(savedQueries, { ...input })
    const savedQuery = await context.write(async (session) => {
      await requireOwn(session, context, key)
      return updateRow(session, context, savedQueries, key, values)
    })
    return { savedQuery }
  }

  @Mutation(() => DeleteSavedQueryPayload, {
    nullable: true,
    description: 'Deletes a saved query of one’s own.',
  })
  async deleteSavedQuery(
    @Arg('id', () => ID, { description: 'Which saved query to delete.' }) id: string,
    @Ctx() context: OperationContext,
  ): Promise<DeleteSavedQueryPayload> {
    const key = keyFromId(savedQueries, id)
    const savedQuery = await context.write(async (session) => {
      await requireOwn(session, context, key)
      return deleteRow(session, context, savedQueries, key)
    })
    return { savedQuery }
  }
}

const LONGEST_NAME = 200

function checkedName(name: string): string {
  if (name.trim() !== '' && name.length <= LONGEST_NAME) return name
  throw new AppError('BAD_USER_INPUT', `name must have 1 to ${LONGEST_NAME} characters.`, { field: 'name' })
}

/** Left out and null mean the same where a column has a default. */
function withoutNulls(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

/** The person who acts. Throws FORBIDDEN for a machine: nobody could find again what it keeps. */
function ownerOf(context: OperationContext): string {
  const person = personOf(context)
  if (person !== null) return person
  throw new AppError('FORBIDDEN', 'Only a person keeps queries; an API key belongs to nobody.')
}

/** Throws NOT_FOUND for what the actor does not see, and FORBIDDEN for what is another person's. */
async function requireOwn(
  session: Session,
  context: OperationContext,
  key: readonly string[],
): Promise<void> {
  const person = ownerOf(context)
  const { ownerId, visibility } = await lockRow(session, savedQueries, key)
  if (ownerId === person) return
  if (visibility === QueryVisibility.PRIVATE) throw notFound(savedQueries)
  throw new AppError('FORBIDDEN', 'A saved query is changed by its owner only. Save one of your own.')
}
