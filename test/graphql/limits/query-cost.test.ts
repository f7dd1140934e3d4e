import { getOperationAST, parse, validate } from 'graphql'
import { describe, expect, test } from 'vitest'
import { QueryCost } from '../../../src/graphql/limits/query-cost.js'
import { buildTenantSchema } from '../../../src/graphql/tenant-schema.js'

const schema = buildTenantSchema()
const costs = new QueryCost(schema)

function cost(query: string, variables: Record<string, unknown> = {}, operationName?: string): number {
  const document = parse(query)
  expect(validate(schema, document)).toEqual([])
  return costs.of(document, getOperationAST(document, operationName)!, variables)
}

describe('the cost of a query', () => {
  test.each<[string, number]>([
    ['{ teams(first: 20) { nodes { name } } }', 20],
    ['{ teams { nodes { name } } }', 50],
    ['{ teams(last: 7) { edges { cursor node { name } } } }', 7],
    ['{ teams(first: 20) { nodes { members(first: 10) { nodes { email } } } } }', 20 + 200],
    [
      '{ teams(first: 20) { nodes { lead { email } members(first: 10) { nodes { team { name } } } } } }',
      20 * 22,
    ],
    ['{ teams(first: 3) { nodes { name } edges { node { name } } totalCount pageInfo { hasNextPage } } }', 6],
    ['{ teams(first: 500) { totalCount } }', 1],
    ['{ teams(first: -5) { nodes { name } } }', 50],
    [
      '{ a: teams(first: 2) { nodes { name } } ...F } fragment F on Query { teams(first: 3) { nodes { name } } }',
      5,
    ],
    ['{ usageEvents(first: 9) { nodes { totalCost { amount } tool { name } } } }', 18],
    ['{ usageEventsAggregate { count sum { inputTokens } } }', 500],
    ['{ usageEventsAggregate(first: 5) { group { tool { name } } } }', 10],
    ['{ viewer { __typename } __typename }', 1],
  ])('is the number of objects the answer can hold: %s', (query, expected) => {
    expect(cost(query)).toBe(expected)
  })

  test('depends on variables, their defaults and directives', () => {
    const query = `query ($n: Int = 4, $more: Boolean!) {
      teams(first: $n) { nodes { lead @include(if: $more) { email } ... @skip(if: $more) { name } } }
    }`
    expect(cost(query, { more: false })).toBe(4)
    expect(cost(query, { more: true })).toBe(8)
    expect(cost(query, { n: 100, more: true })).toBe(200)
  })

  test('is that of the operation that is executed', () => {
    const query =
      'query A { teams(first: 2) { nodes { name } } } query B { teams(first: 9) { nodes { name } } }'
    expect([cost(query, {}, 'A'), cost(query, {}, 'B')]).toEqual([2, 9])
  })
})
