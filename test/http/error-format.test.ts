import { GraphQLError, Kind, parse } from 'graphql'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError, type ErrorCode } from '../../src/errors.js'
import { describeError, formatError } from '../../src/graphql/error-format.js'

const wrapped = (error: Error, depth = 1): Error =>
  depth === 0 ? error : wrapped(new GraphQLError(error.message, { originalError: error }), depth - 1)

/** As the driver reports it: an Error with SQLSTATE, severity and, in the worst case, values of a row. */
function postgresError(code: string, more: Record<string, string> = {}): Error {
  return Object.assign(new Error('failing row contains (hunter2)'), { code, severity: 'ERROR', ...more })
}

describe('an error of the application', () => {
  test('keeps code, message and details however often GraphQL wraps it', () => {
    const codes = fc.constantFrom<ErrorCode>('CONFLICT', 'FORBIDDEN', 'TENANT_NOT_FOUND', 'RATE_LIMITED')
    fc.assert(
      fc.property(codes, fc.string(), fc.nat({ max: 4 }), (code, message, depth) => {
        const error = new AppError(code, message, { field: 'name' }, { retryAfter: 7 })
        expect(describeError(wrapped(error, depth))).toMatchObject({
          code,
          message,
          details: { field: 'name' },
          status: error.status,
          retryAfter: 7,
        })
      }),
    )
  })
})

describe('an error of Postgres', () => {
  test.each([
    ['23505', { constraint: 'teams_name_key', table: 'teams' }, 'CONFLICT_DUPLICATE'],
    ['57014', {}, 'TIMEOUT'],
    ['57P01', {}, 'SERVICE_UNAVAILABLE'],
    ['40001', {}, 'CONFLICT'],
    ['42P01', {}, 'INTERNAL_SERVER_ERROR'],
    ['42501', {}, 'INTERNAL_SERVER_ERROR'],
  ])('%s is told in the words of the client', (code, more, expected) => {
    const problem = describeError(wrapped(postgresError(code, more)))
    expect(problem.code).toBe(expected)
    expect(problem.message).not.toContain('hunter2')
  })
})

describe('any other error', () => {
  test('is internal, and none of its words get out', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.nat({ max: 3 }), (secret, depth) => {
        const formatted = formatError({ message: secret, path: ['x'] }, wrapped(new Error(secret), depth))
        expect(formatted.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR' })
        expect(formatted.message).toBe(describeError(new Error()).message)
        expect(formatted.path).toEqual(['x'])
      }),
    )
  })

  test.each([undefined, null, 'text', 7, { code: 'CONFLICT' }])('even when it is none: %j', (thrown) => {
    expect(describeError(thrown).code).toBe('INTERNAL_SERVER_ERROR')
  })

  test('of a serializer is internal, although GraphQL reports it like a mistake of the caller', () => {
    const inner = new GraphQLError('Int cannot represent non-integer value: "hunter2"')
    expect(describeError(new GraphQLError(inner.message, { originalError: inner })).code).toBe(
      'INTERNAL_SERVER_ERROR',
    )
  })

  test('with a code that is not ours is internal', () => {
    const error = new GraphQLError('hunter2', { extensions: { code: 'SOMETHING_ELSE' } })
    expect(describeError(error).code).toBe('INTERNAL_SERVER_ERROR')
  })
})

describe('a mistake in the document', () => {
  test('found while executing is BAD_USER_INPUT', () => {
    const [node] = parse('{ a }').definitions
    const inner = new GraphQLError('Argument "first" of required type "Int!" was not provided.', {
      nodes: node ?? null,
    })
    expect(node?.kind).toBe(Kind.OPERATION_DEFINITION)
    expect(describeError(new GraphQLError(inner.message, { originalError: inner }))).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: inner.message,
    })
  })

  test('keeps the place that GraphQL names and the details that our scalar adds', () => {
    const cause = new AppError('BAD_USER_INPUT', 'Not an amount.', { rule: 'decimal' })
    const message = 'Variable "$amount" got invalid value "x"; Not an amount.'
    const error = new GraphQLError(message, { originalError: cause, extensions: { code: 'BAD_USER_INPUT' } })
    expect(describeError(error)).toMatchObject({
      code: 'BAD_USER_INPUT',
      message,
      details: { rule: 'decimal' },
    })
  })
})
