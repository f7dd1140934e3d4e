import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import { AppError } from '../../errors.js'
import { openTable, type AskPage, type PageAnswer } from './open-table.js'
import { tableFormats, type TableFormat } from './table-format.js'
import { planTable, type GraphqlRequest, type TablePlan } from './table-plan.js'

/** How an endpoint answers the pages of one table. */
export interface TableSource {
  /** The text of the document that is asked; undefined without one. Throws AppError for one that is not served. */
  readonly documentText: () => string | undefined
  readonly schema: GraphQLSchema
  readonly maxTokens: number
  /** Answers one GraphQL request; all of a table in one context, made by the first. */
  readonly ask: AskPage
  /** Ends that context. */
  end(): void
}

/** Answers a request with rows instead of one piece of JSON. Errors are JSON, as in any other answer. */
export async function answerTable(
  { body }: FastifyRequest,
  reply: FastifyReply,
  format: TableFormat,
  source: TableSource,
): Promise<FastifyReply> {
  let table: Readable | undefined
  try {
    const request = requestOf(body)
    const plan = await planned(request, source)
    const opened = plan === undefined ? await source.ask(request) : await openOrExplain(format, plan, source)
    if (!(opened instanceof Readable)) return sendAnswer(reply, opened)
    table = opened.once('close', () => source.end())
    return reply
      .header('content-type', tableFormats[format].header)
      .header('content-disposition', `attachment; filename="${plan?.name}.${format}"`)
      .header('vary', 'accept')
      .send(table)
  } finally {
    if (table === undefined) source.end()
  }
}

async function openOrExplain(
  format: TableFormat,
  plan: TablePlan,
  { ask }: TableSource,
): Promise<Readable | PageAnswer> {
  const opened = await openTable(format, plan, ask)
  if (opened instanceof Readable || opened.status >= 400) return opened
  // As JSON with data beside the errors it would be a success to HTTP; a file that is not there is none.
  const { errors } = JSON.parse(opened.text) as { errors?: { extensions?: { code?: string } }[] }
  return { ...opened, status: AppError.statusOf(errors?.[0]?.extensions?.code) ?? 400 }
}

/** What cannot be planned is refused, but to nobody who may not ask anything: that is answered first. */
async function planned(request: GraphqlRequest, source: TableSource): Promise<TablePlan | undefined> {
  try {
    const query = source.documentText()
    return planTable(source.schema, { ...request, query: query ?? '' }, source.maxTokens)
  } catch (error) {
    const { status } = await source.ask({ query: '{ __typename }' })
    if (status < 400) throw error
    return undefined
  }
}

function requestOf(body: unknown): GraphqlRequest {
  const { query, operationName, variables } = (body ?? {}) as Readonly<Record<string, unknown>>
  return {
    query: typeof query === 'string' ? query : '',
    operationName: typeof operationName === 'string' ? operationName : null,
    variables:
      typeof variables === 'object' && variables !== null && !Array.isArray(variables)
        ? (variables as Readonly<Record<string, unknown>>)
        : null,
  }
}

function sendAnswer(reply: FastifyReply, { status, headers, text }: PageAnswer): FastifyReply {
  for (const [name, value] of headers) reply.header(name, value)
  return reply.code(status).send(text)
}
