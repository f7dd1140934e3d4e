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
    ['{ teams(first: 20) { nodes { name } } }', 1 + 20 * 2],
    ['{ teams { nodes { name } } }', 1 + 50 * 2],
    ['{ teams(last: 7) { edges { cursor node { name } } } }', 1 + 7 * 4],
    ['{ teams(first: 20) { nodes { members(first: 10) { nodes { email } } } } }', 1 + 20 * (2 + 10 * 2)],
    [
      '{ teams(first: 3) { nodes { id } edges { node { id } } totalCount pageInfo { hasNextPage } } }',
      1 + 6 + 9 + 3,
    ],
    ['{ teams(first: 500) { totalCount } }', 2],
    ['{ teams(first: -5) { nodes { name } } }', 101],
    ['{ teams(first: 2000000000) { nodes { name } } }', 1_001],
    [
      '{ a: teams(first: 2) { nodes { name } } ...F } fragment F on Query { teams(first: 3) { nodes { name } } }',
      12,
    ],
    ['{ usageEvents(first: 9) { nodes { totalCost { amount } tool { name } } } }', 1 + 9 * 5],
    ['{ usageEventsAggregate { count sum { inputTokens } } }', 500 * 4],
    ['{ usageEventsAggregate(first: 5) { group { tool { name } } } }', 5 * 4],
    ['{ viewer { __typename } __typename }', 3],
  ])('is the number of values the answer can hold: %s', (query, expected) => {
    expect(cost(query)).toBe(expected)
  })

  test('depends on variables, their defaults and directives', () => {
    const query = `query ($n: Int = 4, $more: Boolean!) {
      teams(first: $n) { nodes { lead @include(if: $more) { email } ... @skip(if: $more) { name } } }
    }`
    expect(cost(query, { more: false })).toBe(1 + 4 * 2)
    expect(cost(query, { more: true })).toBe(1 + 4 * 3)
    expect(cost(query, { n: 100, more: true })).toBe(1 + 100 * 3)
  })

  test('is that of the operation that is executed', () => {
    const query =
      'query A { teams(first: 2) { nodes { name } } } query B { teams(first: 9) { nodes { name } } }'
    expect([cost(query, {}, 'A'), cost(query, {}, 'B')]).toEqual([5, 19])
  })
})
