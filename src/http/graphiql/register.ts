import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphqlApi } from '../../graphql/api.js'
import { endpointPaths } from '../endpoint-paths.js'
import { assetsPath, readAsset } from './assets.js'
import { exampleQueries } from './example-queries.js'
import { contentSecurityPolicy, graphiqlPage } from './page.js'

type ApiName = GraphqlApi['name']

/** Working headers that the editor starts with on an endpoint: demo credentials. */
export type GraphiqlHeaders = (api: ApiName) => Promise<Readonly<Record<string, string>>>

/** Answers a browser's GET on an endpoint. */
export type SendPage = (api: ApiName, reply: FastifyReply) => Promise<FastifyReply>

const titles: Record<ApiName, string> = {
  tenant: 'Orgscope: tenant API',
  account: 'Orgscope: account API',
  platform: 'Orgscope: platform API',
}

/** What to fill in where no credentials are given. */
const forms: Record<ApiName, Readonly<Record<string, string>>> = {
  tenant: { 'org-id': 'your organization', authorization: 'Bearer your-token' },
  account: { authorization: 'Bearer your-token' },
  platform: { authorization: 'Bearer your-token' },
}

/** Browsers ask for text/html; GraphQL clients never do. */
export function acceptsHtml({ method, headers: { accept } }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && accept !== undefined && /\btext\/html\b/.test(accept)
}

/** Serves GraphiQL's files and returns what sends its page. */
export function registerGraphiql(server: FastifyInstance, headersFor: GraphiqlHeaders | undefined): SendPage {
  server.get<{ Params: { name: string } }>(`${assetsPath}/:name`, async (request, reply) => {
    const asset = await readAsset(request.params.name)
    if (asset === undefined) return reply.callNotFound()
    reply.header('etag', asset.tag).header('cache-control', 'public, max-age=3600')
    if (request.headers['if-none-match'] === asset.tag) return reply.code(304).send()
    return reply.type(asset.type).header('x-content-type-options', 'nosniff').send(asset.content)
  })
  // People type the host alone.
  server.get('/', (request, reply) =>
    acceptsHtml(request) ? reply.redirect(endpointPaths.tenant) : reply.callNotFound(),
  )
  return async (api, reply) => {
    const nonce = randomBytes(16).toString('base64')
    const page = graphiqlPage({
      nonce,
      title: titles[api],
      endpoint: endpointPaths[api],
      headers: (await headersFor?.(api)) ?? forms[api],
      prefilled: headersFor !== undefined,
      queries: exampleQueries[api],
      savedQueries: api === 'tenant',
    })
    return reply
      .type('text/html; charset=utf-8')
      .headers({
        'content-security-policy': contentSecurityPolicy(nonce),
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      .send(page)
  }
}
