import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { TenantOperation } from '../../entity/operation-context.js'
import { DateTime } from '../../entity/scalars.js'
import { keyFromId } from '../../entity/store.js'
import { ApiKey, apiKeys } from './api-key.entity.js'
import { issueApiKey, revokeApiKey } from './manage-api-keys.js'

@InputType({ description: 'What a new key is for and what it may do.' })
export class CreateApiKeyInput {
  @Field(() => String, { description: 'What the key is for, 1 to 200 characters.' })
  readonly name!: string

  @Field(() => String, {
    nullable: true,
    description:
      'Role the key acts with: `owner`, `admin`, `member`, `viewer` or `api_user`; the last when left out.',
  })
  readonly role?: string | null

  @Field(() => DateTime, {
    nullable: true,
    description: 'When it stops working by itself; never when left out.',
  })
  readonly expiresAt?: string | null
}

@ObjectType({ description: 'A new key.', simpleResolvers: true })
export class CreateApiKeyPayload {
  @Field(() => ApiKey, { description: 'The key’s entry.' })
  readonly apiKey!: unknown

  @Field(() => String, {
    description: 'The key itself, to send in the header `x-api-key`. It is shown only now.',
  })
  readonly secret!: string
}

@ObjectType({ description: 'A key that was revoked.', simpleResolvers: true })
export class RevokeApiKeyPayload {
  @Field(() => ApiKey, { description: 'The key’s entry.' })
  readonly apiKey!: unknown
}

@Resolver()
export class ApiKeyResolver {
  @Mutation(() => CreateApiKeyPayload, {
    nullable: true,
    description: 'Makes a key by which a program works in the organization.',
  })
  async createApiKey(
    @Arg('input', () => CreateApiKeyInput, { description: 'What the key is for.' }) input: CreateApiKeyInput,
    @Ctx() context: TenantOperation,
  ): Promise<CreateApiKeyPayload> {
    const { row, key } = await issueApiKey(context, input)
    return { apiKey: row, secret: key }
  }

  @Mutation(() => RevokeApiKeyPayload, {
    nullable: true,
    description: 'Ends a key for good, on every gateway at once.',
  })
  async revokeApiKey(
    @Arg('id', () => ID, { description: 'Which key.' }) id: string,
    @Ctx() context: TenantOperation,
  ): Promise<RevokeApiKeyPayload> {
    return { apiKey: await revokeApiKey(context, keyFromId(apiKeys, id)[0] as string) }
  }
}
