import { AppError } from '../errors.js'
import type { RequestFacts } from '../graphql/api.js'
import { ScopedOperation, type OperationDatabase } from '../graphql/scoped-operation.js'
import type { PersonActor } from '../tenancy/actor.js'
import { accountScope } from '../tenancy/session-scope.js'

/** Proves that a person asks. Rejects with UNAUTHENTICATED without a credential and FORBIDDEN with an API key. */
export async function createAccountContext(
  database: OperationDatabase,
  facts: RequestFacts,
): Promise<AccountContext> {
  const { actor } = facts
  if (actor === undefined) {
    throw new AppError(
      'UNAUTHENTICATED',
      'Say who you are: send a token in the header authorization ("Bearer …").',
    )
  }
  if (actor.kind === 'api_key') {
    throw new AppError(
      'FORBIDDEN',
      'The account API is for people; an API key belongs to an organization. Send a person’s token instead.',
    )
  }
  return new AccountContext(database, facts, actor)
}

/** One operation of one person; row-level security shows nobody else's rows. */
export class AccountContext extends ScopedOperation {
  readonly actor: PersonActor

  constructor(database: OperationDatabase, facts: RequestFacts, actor: PersonActor) {
    super(database, accountScope(actor.identityId), facts)
    this.actor = actor
  }
}
