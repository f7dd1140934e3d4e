import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ESLint, type Linter } from 'eslint'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../src/package-root.js'

type SchemaLint = (schemas: { readonly schema: string }) => Linter.Config

let schemaLint: SchemaLint
let folder: string
beforeAll(async () => {
  const module: unknown = await import(pathToFileURL(join(packageRoot, 'eslint.schema.js')).href)
  schemaLint = (module as { schemaLint: SchemaLint }).schemaLint
  folder = await mkdtemp(join(tmpdir(), 'orgscope-lint-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A schema with one thing of each kind; every one of them is described. */
const GOOD = `
type Query {
  node(id: ID!): Node
  tools(after: String, before: String, first: Int, last: Int): ToolConnection
}
type Mutation {
  retireTool(input: RetireToolInput!): RetireToolPayload
}
input RetireToolInput { id: ID! }
type RetireToolPayload { tool: Tool }
interface Node { id: ID! }
type Tool implements Node { id: ID! state: ToolState }
enum ToolState { IN_USE RETIRED }
type ToolConnection { edges: [ToolEdge!]! nodes: [Tool!]! pageInfo: PageInfo! }
type ToolEdge { cursor: String! node: Tool! }
type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }
`

/** Puts a description ahead of whatever takes one. */
function described(sdl: string): string {
  return sdl
    .replace(/\b(?:type|input|interface|enum) \w+/g, '\n"""It."""\n$&')
    .replace(/(?<!@)\b(?!reason)[A-Za-z]\w*(?=\(|: )/g, '\n"""It."""\n$&')
    .replace(/\b[A-Z_]{5,}\b/g, '\n"""It."""\n$&')
}

let files = 0
/** The rules that a schema breaks; the messages of those of our own. */
async function brokenBy(sdl: string): Promise<string[]> {
  const file = join(folder, `${++files}.graphql`)
  await writeFile(file, sdl)
  const eslint = new ESLint({
    cwd: folder,
    overrideConfigFile: true,
    overrideConfig: [{ files: ['*.graphql'], ...schemaLint({ schema: file }) }],
  })
  const [result] = await eslint.lintFiles([file])
  return result!.messages.map(({ ruleId, message }) =>
    ruleId?.startsWith('@graphql-eslint/') ? ruleId.slice('@graphql-eslint/'.length) : message,
  )
}

/** A mark for what is to be deprecated. */
const deprecated = (reason: string): [string, string] => ['tool: Tool }', `tool: Tool @deprecated${reason} }`]

test('a schema that follows the rules breaks none', async () => {
  expect(await brokenBy(described(GOOD))).toEqual([])
})

test.each([
  ['a field in capitals', 'state: ToolState', 'State: ToolState', 'naming-convention'],
  ['an enum value in small letters', 'IN_USE', 'used', 'naming-convention'],
  ['a query called get…', 'tools(', 'getTools(', 'naming-convention'],
  ['a type that leads nowhere', 'enum', 'type Lost { name: String }\nenum', 'no-unreachable-types'],
  ['a position that is a list', 'cursor: String!', 'cursor: [String!]!', 'relay-edge-types'],
  ['a page without its place', 'pageInfo: PageInfo!', 'page: PageInfo!', 'relay-connection-types'],
  ['a place without its end', 'endCursor: String', 'end: String', 'relay-page-info'],
  ['a list without `before`', 'before: String', 'until: String', 'relay-arguments'],
  ['a root field that takes its siblings along', '): Node', '): Node!', 'A root field may be null'],
  ['a mutation that answers an object', '): RetireToolPayload', '): Tool', 'A mutation answers with a payload'],
  ['a mutation that takes anything', /RetireToolInput/g, 'ToolToRetire', 'an input of its own'],
  ['a deprecation without a reason', ...deprecated(''), 'require-deprecation-reason'],
  ['a deprecation without a date', ...deprecated('(reason: "Use node.")'), 'until when'],
  [
    'a deprecation until a day that is none',
    ...deprecated('(reason: "Use node. Removed after 2027-13-01.")'),
    'until when',
  ],
] as const)('%s is found', async (_fault, before, after, rule) => {
  expect(await brokenBy(described(GOOD.replace(before, after)))).toContainEqual(expect.stringContaining(rule))
})

test('what is not described is found, and what is described in a comment only', async () => {
  const sdl = described(GOOD)
  expect(await brokenBy(sdl.replace('"""It."""\nstate', 'state'))).toEqual(['require-description'])
  expect(await brokenBy(sdl.replace('"""It."""\nstate', '# It.\nstate'))).toContain('no-hashtag-description')
})

test('a deprecation that says what to use and until when is in order', async () => {
  const [before, after] = deprecated('(reason: "Use node. Removed after 2027-01-31.")')
  expect(await brokenBy(described(GOOD.replace(before, after)))).toEqual([])
})
