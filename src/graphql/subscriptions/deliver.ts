import {
  createSourceEventStream,
  execute,
  GraphQLError,
  type ExecutionArgs,
  type ExecutionResult,
} from 'graphql'
import type { SubscriptionOperation } from './subscription-operation.js'

/** A subscription ready to run. */
export interface SubscriptionArguments extends ExecutionArgs {
  readonly contextValue: SubscriptionOperation
}

/** Messages for a client, one at a time: the next is not sought before it is asked for. */
export type Messages = AsyncGenerator<ExecutionResult, undefined, undefined>

/**
 * Runs a subscription. Unlike graphql-js' `subscribe`, which takes one event after the other, all events of a batch
 * are resolved at once, so that their relations are loaded together and from one snapshot; it is given back before
 * the first of them is sent. What refuses the subscription is the only message.
 */
export async function deliver(args: SubscriptionArguments): Promise<Messages> {
  const context = args.contextValue
  let source: AsyncIterable<unknown> | ExecutionResult
  try {
    source = await createSourceEventStream(args)
  } catch (error) {
    source = { errors: [asGraphqlError(error)] }
  }
  // Whoever waits for the next event is waiting for the context, too: ending it ends the waiting.
  return endingWith(messages(args, source), () => context.end())
}

async function* messages(
  args: SubscriptionArguments,
  source: AsyncIterable<unknown> | ExecutionResult,
): Messages {
  const context = args.contextValue
  try {
    if (!isAsyncIterable(source)) {
      yield source
      return
    }
    for await (const batch of source as AsyncIterable<readonly unknown[]>) {
      const results = await Promise.all(batch.map((rootValue) => execute({ ...args, rootValue })))
      await context.release()
      yield* results
    }
  } catch (error) {
    yield { errors: [asGraphqlError(error)] }
  } finally {
    await context.end()
  }
}

/** `return` of a generator that waits would wait with it. */
function endingWith(inner: Messages, end: () => Promise<void>): Messages {
  const outer: Messages = {
    next: () => inner.next(),
    return: async (value) => {
      await end()
      return inner.return(value as undefined)
    },
    throw: async (error) => {
      await end()
      return inner.throw(error)
    },
    [Symbol.asyncIterator]: () => outer,
    [Symbol.asyncDispose]: async () => {
      await outer.return(undefined)
    },
  }
  return outer
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value
}

function asGraphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error
  const original = error instanceof Error ? error : new Error(String(error))
  return new GraphQLError(original.message, { originalError: original })
}
