import type { IncomingHttpHeaders } from 'node:http'
import type { ExecutionResult, FormattedExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql'
import type { GraphqlApi, LimitedParty } from '../../graphql/api.js'
import type { Problem } from '../../graphql/error-format.js'
import type { SubscriptionArguments } from '../../graphql/subscriptions/deliver.js'
import type { SubscriberConnection, SubscriptionApi } from '../../graphql/subscriptions/subscription-api.js'
import type { Authenticate } from '../authentication/authenticate.js'
import { extensionsOf, noteProblem } from '../graphql-errors.js'
import type { Logger } from '../logger.js'
import type { RequestRecord } from '../request-record.js'
import { onTokenExpiry } from './expiry.js'
import type { LiveConnection, LiveConnections } from './live-connections.js'
import type { PreparedOperation } from './prepare-operation.js'

/** An API that can be subscribed to. */
export type SubscribableApi = GraphqlApi & { readonly subscriptions: SubscriptionApi }

export interface SubscriberOptions {
  readonly api: SubscribableApi
  readonly authenticate: Authenticate
  readonly live: LiveConnections
  readonly logger: Logger
}

/** What a client says of itself when it connects. */
export interface Introduction {
  /** Its credential and organization, by the names of the HTTP headers. */
  readonly headers: IncomingHttpHeaders
  /** What becomes of the connection, for the log. */
  readonly record: RequestRecord
  readonly ipAddress: string | undefined
  readonly userAgent: string | undefined
}

/** How a transport ends a connection. */
export interface Ending {
  /** The client may not be here any more. */
  refuse(problem: Problem): void
  /** Its token has ended. */
  expire(): void
  goAway(): void
}

type Result = { readonly [Key in 'data' | 'errors']?: ExecutionResult[Key] | undefined }

/** One connected client: who it is, and what it may be told, for as long as it stays. */
export class Subscriber implements LiveConnection {
  readonly record: RequestRecord
  readonly #options: SubscriberOptions
  readonly #connection: SubscriberConnection
  readonly #ending: Ending
  readonly #forget: (() => void)[] = []

  private constructor(
    options: SubscriberOptions,
    connection: SubscriberConnection,
    record: RequestRecord,
    ending: Ending,
  ) {
    this.#options = options
    this.#connection = connection
    this.record = record
    this.#ending = ending
  }

  /** Lets a client in by the rules of any request. Throws AppError. */
  static async connect(
    options: SubscriberOptions,
    introduction: Introduction,
    ending: Ending,
  ): Promise<Subscriber> {
    const { headers, record, ipAddress, userAgent } = introduction
    const connection = await options.api.subscriptions.connect({
      authenticate: () => options.authenticate(headers),
      organizationHeaders: [headers['org-id'], headers['x-org-id']].flatMap((value) => value ?? []),
      requestId: record.requestId,
      ipAddress,
      userAgent,
    })
    record.api = options.api.name
    record.tenant = connection.tenant
    const subscriber = new Subscriber(options, connection, record, ending)
    subscriber.#forget.push(
      options.live.add(subscriber),
      onTokenExpiry(headers.authorization, () => ending.expire()),
    )
    return subscriber
  }

  get tenant(): SubscriberConnection['tenant'] {
    return this.#connection.tenant
  }

  get party(): LimitedParty {
    return this.#connection.party
  }

  async recheck(): Promise<void> {
    try {
      await this.#connection.prove()
    } catch (error) {
      const problem = noteProblem(error, this.record, this.#options.logger)
      // While the database is away nothing is delivered, and whoever is let in later proves itself before that.
      if (problem.code !== 'SERVICE_UNAVAILABLE' && problem.code !== 'INTERNAL_SERVER_ERROR') {
        this.#ending.refuse(problem)
      }
    }
  }

  goAway(): void {
    this.#ending.goAway()
  }

  /** Makes an operation ready to run for this client. */
  argumentsOf(operation: PreparedOperation): SubscriptionArguments {
    return { ...operation, contextValue: this.#connection.createOperation() }
  }

  /** A message as the client sees it. */
  format({ data, errors }: Result): FormattedExecutionResult {
    return {
      ...(data === undefined ? {} : { data }),
      ...(errors === undefined ? {} : { errors: this.formatErrors(errors) }),
    }
  }

  formatErrors(errors: readonly GraphQLError[]): GraphQLFormattedError[] {
    return errors.map((error) => {
      const problem = noteProblem(error, this.record, this.#options.logger)
      const { message } = problem
      const { path, locations } = error
      return {
        message,
        ...(locations === undefined ? {} : { locations }),
        ...(path === undefined ? {} : { path }),
        extensions: extensionsOf(problem, this.record.requestId),
      }
    })
  }

  /** The client is gone. */
  leave(): void {
    for (const forget of this.#forget.splice(0)) forget()
  }
}
