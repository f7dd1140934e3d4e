import { createClient as createSseClient, type Client as SseClient } from 'graphql-sse'
import { createClient, type Client } from 'graphql-ws'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import type { TestGateway } from './gateway.js'

/** What a subscription has brought so far. */
export interface Received<Data> {
  readonly messages: { readonly data?: Data | null; readonly errors?: readonly ReceivedError[] }[]
  /** How it ended: a close event, an error, or nothing when the server completed it. */
  readonly ended: Promise<unknown>
  readonly isEnded: () => boolean
  stop(): void
}

export interface ReceivedError {
  readonly message: string
  readonly extensions: Record<string, unknown>
}

/** Subscribes with graphql-ws's own client, which does not try again unless told to. */
export async function overWebSocket<Data = Record<string, never>>(
  gateway: TestGateway,
  connectionParams: Record<string, unknown>,
  query: string,
  variables: Record<string, unknown> = {},
  options: Partial<Parameters<typeof createClient>[0]> = {},
): Promise<Received<Data> & { readonly client: Client }> {
  const client = createClient({
    url: `${(await gateway.url()).replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
    ...options,
  })
  return { ...receive<Data>((sink) => client.subscribe({ query, variables }, sink as never)), client }
}

/** Subscribes with graphql-sse's own client. */
export async function overEventStream<Data = Record<string, never>>(
  gateway: TestGateway,
  headers: Record<string, string>,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Received<Data> & { readonly client: SseClient }> {
  const client = createSseClient({
    url: `${await gateway.url()}/graphql/stream`,
    headers,
    retryAttempts: 0,
  })
  return { ...receive<Data>((sink) => client.subscribe({ query, variables }, sink as never)), client }
}

interface Sink {
  next(message: unknown): void
  error(error: unknown): void
  complete(): void
}

function receive<Data>(subscribe: (sink: Sink) => () => void): Received<Data> {
  const messages: Received<Data>['messages'] = []
  let stop = (): void => {}
  let over = false
  const ended = new Promise((resolve) => {
    const end = (how?: unknown): void => {
      over = true
      resolve(how)
    }
    stop = subscribe({
      next: (message) => void messages.push(message as never),
      error: end,
      complete: () => end(),
    })
  })
  return { messages, ended, isEnded: () => over, stop: () => stop() }
}

/** Waits until so many subscriptions are open in the gateway: from then on nothing is missed. */
export async function subscribed(gateway: TestGateway, count: number): Promise<void> {
  await eventually(() => gateway.hub.size).toBe(count)
}

/** Expects what becomes true by itself, however busy the machine is. */
export function eventually<Value>(look: () => Value): ReturnType<typeof expect.poll<Value>> {
  return expect.poll(look, { timeout: 20_000, interval: 10 })
}
