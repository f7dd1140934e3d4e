import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hashOfDocument, readManifest } from '../../../src/graphql/execution/persisted-documents.js'
import { packageRoot } from '../../../src/package-root.js'
import { codesOf, serve, temporaryDirectory, type Answer } from '../../http/support.js'

const HELLO = '{ hello }'
const OTHER = '{ caller }'

async function send(url: string, body: Record<string, unknown>): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify(body),
  })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  }
}

const named = (text: string, query?: string) => ({
  ...(query === undefined ? {} : { query }),
  extensions: { persistedQuery: { version: 1, sha256Hash: hashOfDocument(text) } },
})

async function manifestOf(...texts: string[]): Promise<string> {
  const file = join(await temporaryDirectory(), 'manifest.json')
  await writeFile(file, JSON.stringify(Object.fromEntries(texts.map((text) => [hashOfDocument(text), text]))))
  return file
}

describe('a document that is named by its hash', () => {
  test('is asked for once and remembered', async () => {
    const { url } = await serve()
    const unknown = await send(url, named(HELLO))
    expect([unknown.status, codesOf(unknown)]).toEqual([200, ['PERSISTED_QUERY_NOT_FOUND']])
    expect((await send(url, named(HELLO, HELLO))).body.data).toEqual({ hello: 'world' })
    expect((await send(url, named(HELLO))).body.data).toEqual({ hello: 'world' })
    const search = new URLSearchParams({ extensions: JSON.stringify(named(HELLO).extensions) })
    const got = await fetch(`${url}/graphql?${search}`, { headers: { 'apollo-require-preflight': 'yes' } })
    expect(await got.json()).toEqual({ data: { hello: 'world' } })
  })

  test('has to be the one the hash was made of', async () => {
    const { url } = await serve()
    const wrong = await send(url, named(HELLO, OTHER))
    expect([wrong.status, codesOf(wrong)]).toEqual([400, ['BAD_REQUEST']])
    expect(codesOf(await send(url, named(HELLO)))).toEqual(['PERSISTED_QUERY_NOT_FOUND'])
  })

  test('is forgotten when others were asked for since', async () => {
    const { url } = await serve({ config: { documentCacheSize: 2 } })
    for (const name of ['a', 'b', 'c']) await send(url, named(`{ ${name}: hello }`, `{ ${name}: hello }`))
    expect(codesOf(await send(url, named('{ a: hello }')))).toEqual(['PERSISTED_QUERY_NOT_FOUND'])
    expect((await send(url, named('{ c: hello }'))).body.data).toEqual({ c: 'world' })
  })

  test('has to keep the limits like any other', async () => {
    const { url } = await serve({ config: { maxRootFields: 1 } })
    const wide = '{ a: hello b: hello }'
    expect(codesOf(await send(url, named(wide, wide)))).toEqual(['LIMIT_EXCEEDED'])
  })
})

describe('trusted documents', () => {
  test('are known from the start', async () => {
    const { url } = await serve({ config: { persistedDocuments: await manifestOf(HELLO) } })
    expect((await send(url, named(HELLO))).body.data).toEqual({ hello: 'world' })
    expect((await send(url, { query: OTHER })).status).toBe(200)
  })

  test('are all that is served where nothing else may be', async () => {
    const config = { persistedDocuments: await manifestOf(HELLO), persistedOnly: true }
    const { url } = await serve({ config })
    for (const body of [named(HELLO), { query: HELLO }, named(HELLO, HELLO)]) {
      expect((await send(url, body)).body.data).toEqual({ hello: 'world' })
    }
    for (const body of [
      { query: OTHER },
      { query: '{ hello } ' },
      { query: '{ nonsense' },
      named(OTHER),
      named(OTHER, OTHER),
      named(HELLO, OTHER),
      { operationName: 'None' },
      { query: '{ __schema { types { name } } }' },
    ]) {
      const refused = await send(url, body)
      expect([refused.status, codesOf(refused)]).toEqual([400, ['PERSISTED_QUERY_ONLY']])
    }
  })

  test('are those of the test’s own operations, as codegen writes them', async () => {
    const folder = join(packageRoot, 'test/documents')
    const manifest = await readManifest(join(folder, 'persisted-documents.json'))
    const files = (await readdir(folder)).filter((name) => name.endsWith('.graphql'))
    const written = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))
    const operation = /^(?:query|mutation) (\w+)/gm
    const namesIn = (texts: Iterable<string>) =>
      [...texts].flatMap((text) => [...text.matchAll(operation)].map(([, name]) => name)).sort()
    expect(namesIn(manifest.values())).toEqual(namesIn(written))
    expect(manifest.size).toBe(namesIn(written).length)
  })

  test.each([
    ['a hash of something else', JSON.stringify({ [hashOfDocument(HELLO)]: OTHER })],
    ['a name that is no hash', JSON.stringify({ hello: HELLO })],
    ['no JSON', 'hello'],
    ['a list', '[]'],
  ])('keep the gateway from starting when their file has %s', async (_what, text) => {
    const file = join(await temporaryDirectory(), 'manifest.json')
    await writeFile(file, text)
    await expect(serve({ config: { persistedDocuments: file } })).rejects.toThrow(file)
  })
})
