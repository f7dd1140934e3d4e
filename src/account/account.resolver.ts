import { Ctx, Query, Resolver } from 'type-graphql'
import type { AccountContext } from './account-context.js'
import { Account, MyMembership } from './account.types.js'
import { readAccount, readMyOrganizations } from './read-account.js'

@Resolver()
export class AccountResolver {
  @Query(() => Account, { description: 'The account of the person who asks.' })
  me(@Ctx() context: AccountContext): Promise<Account> {
    return readAccount(context)
  }

  @Query(() => [MyMembership], {
    description:
      'The organizations the person belongs to, by name. Those that are archived or deleted are not listed; with a token that is bound to one organization, no other one is.',
  })
  myOrganizations(@Ctx() context: AccountContext): Promise<MyMembership[]> {
    return readMyOrganizations(context)
  }
}
