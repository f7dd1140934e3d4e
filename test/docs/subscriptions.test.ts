import { parse } from 'graphql'
import { createClient as createSseClient } from 'graphql-sse'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../support/subscriber.js'
import { codeBlocks, type CodeBlock } from './code-blocks.js'
import { DemoServer } from './demo-server.js'

const blocks = codeBlocks('docs/subscriptions.md').filter(({ language }) => language === 'graphql')
const isSubscription = ({ text }: CodeBlock): boolean =>
  parse(text).definitions.some(
    (definition) => 'operation' in definition && definition.operation === 'subscription',
  )

let demo: DemoServer
beforeAll(async () => {
  demo = await DemoServer.start()
}, 120_000)
afterAll(() => demo?.stop())

async function headersOf({
  words: [organization = '', email = ''],
}: CodeBlock): Promise<Record<string, string>> {
  const { stdout } = await demo.run(`npx orgscope token create --email ${email} --json`)
  const { token } = JSON.parse(stdout) as { token: string }
  return { 'org-id': organization, authorization: `Bearer ${token}` }
}

/** The same once more: names are unique. */
function repeatable(text: string, attempt: number): string {
  return attempt === 1 ? text : text.replace(/name: "([^"]+)"/g, `name: "$1 ${attempt}"`)
}

test(
  'the queries of docs/subscriptions.md do what it says, over both transports',
  { timeout: 60_000 },
  async () => {
    const subscriptions = blocks.filter(isSubscription)
    expect(subscriptions.length).toBeGreaterThan(1)
    const received = new Map<string, unknown[]>()
    const stops: (() => void)[] = []
    for (const block of subscriptions) {
      const headers = await headersOf(block)
      const clients = {
        websocket: createClient({
          url: `${demo.url.replace('http', 'ws')}/graphql`,
          webSocketImpl: WebSocket,
          connectionParams: headers,
          retryAttempts: 0,
        }),
        stream: createSseClient({ url: `${demo.url}/graphql/stream`, headers, retryAttempts: 0 }),
      }
      for (const [transport, client] of Object.entries(clients)) {
        const messages: unknown[] = []
        received.set(`${block.line} ${transport}`, messages)
        const sink = {
          next: (message: unknown) => void messages.push(message),
          error: () => {},
          complete: () => {},
        }
        stops.push(client.subscribe({ query: block.text }, sink))
      }
    }
    // There is no word for "subscribed" in either protocol: what they tell of is done until it was told.
    const others = await Promise.all(
      blocks
        .filter((block) => !isSubscription(block))
        .map(async ({ text, ...block }) => ({ text, headers: await headersOf({ text, ...block }) })),
    )
    let attempt = 0
    await eventually(async () => {
      attempt++
      for (const { text, headers } of others) {
        const answer = await demo.query('/graphql', headers, repeatable(text, attempt))
        expect(answer.errors).toBeUndefined()
      }
      return [...received].filter(([, messages]) => messages.length === 0).map(([name]) => name)
    }).toEqual([])
    const errors = [...received.values()].flat().filter((message) => 'errors' in (message as object))
    expect(errors).toEqual([])
    for (const stop of stops) stop()
  },
)
