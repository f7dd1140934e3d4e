import { existsSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configurationVariables } from '../../src/config.js'
import { AppError, errorCodes } from '../../src/errors.js'
import { packageRoot } from '../../src/package-root.js'
import { codeBlocks, pages, readPage, type CodeBlock } from './code-blocks.js'
import { DemoServer } from './demo-server.js'

/** Shown, not run here: what a reader runs once on a machine, and what `npm test` itself is. */
const NOT_RUN_HERE = /^(npm ci && npm (start|test)\b|npm |docker )/

let demo: DemoServer
beforeAll(async () => {
  demo = await DemoServer.start()
  const trace = join(packageRoot, '../shared/data/azure-llm-trace-code.csv')
  const copy = join(demo.folder, 'azure-llm-trace-code.csv')
  if (existsSync(trace)) await cp(trace, copy)
  else await writeFile(copy, 'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n')
}, 60_000)
afterAll(() => demo.stop())

const tokens = new Map<string, Promise<string>>()

/** A token as the program gives it, asked for once for each person. */
function tokenOf(email: string): Promise<string> {
  const token = tokens.get(email) ?? createToken(email)
  tokens.set(email, token)
  return token
}

async function createToken(email: string): Promise<string> {
  const { stdout, stderr } = await demo.run(`npx orgscope token create --email ${email} --json`)
  const { token } = JSON.parse(stdout || `{"error":${JSON.stringify(stderr)}}`) as { token: string }
  return token
}

describe.each(pages)('%s', (file) => {
  const blocks = codeBlocks(file)

  test('has blocks of known languages only', () => {
    const known = new Set(['sh', 'graphql', 'json', 'mermaid', 'ts', 'sql', ''])
    expect(blocks.filter(({ language }) => !known.has(language)).map(place)).toEqual([])
  })

  test('runs every command', { timeout: 240_000 }, async () => {
    const TOKEN = await tokenOf('jane.smith@techcorp.example')
    for (const block of blocks.filter(({ language }) => language === 'sh')) {
      for (const command of commandsOf(block)) {
        if (NOT_RUN_HERE.test(command)) continue
        const { code, stderr } = await demo.run(command, { TOKEN })
        expect({ command, code, stderr: code === 0 ? '' : stderr }).toEqual({ command, code: 0, stderr: '' })
      }
    }
  })

  test('answers every query, as the page says where it does', { timeout: 60_000 }, async () => {
    let last: unknown
    for (const [index, block] of blocks.entries()) {
      if (block.language !== 'graphql') continue
      parse(block.text)
      const answer = await ask(block, variablesOf(block, last))
      last = answer.data
      expect({ at: place(block), errors: answer.errors }).toEqual({ at: place(block), errors: undefined })
      const next = blocks[index + 1]
      if (next?.language === 'json') expect(answer).toEqual(JSON.parse(next.text))
    }
  })

  test('shows files as they are', () => {
    const shown = blocks.filter(({ language, words }) => language === 'ts' && words.length > 0)
    for (const block of shown) {
      const [path = ''] = block.words
      expect({ at: place(block), text: `${block.text}\n` }).toEqual({
        at: place(block),
        text: readPage(path),
      })
    }
  })

  test('links to pages and pictures that exist', () => {
    const links = [...readPage(file).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(
      ([, link]) => link as string,
    )
    const missing = links.filter((link) => !existsSync(join(packageRoot, dirname(file), link)))
    expect(missing).toEqual([])
  })
})

test('the README lists every environment variable with its default and meaning', () => {
  const rows = configurationVariables.map(
    ({ name, default: preset, meaning }) => `| \`${name}\` | ${preset} | ${meaning} |`,
  )
  const table = readPage('README.md')
  expect(rows.filter((row) => !table.includes(row))).toEqual([])
})

test('the table of errors lists every code there is with its HTTP status, and no other', () => {
  const rows = readPage('docs/frontend.md').matchAll(/^\| ((?:`[A-Z_]+`(?:, )?)+) \| (\d{3}) \|/gm)
  const listed = [...rows].flatMap(([, codes = '', status]) =>
    [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => `${code} ${status}`),
  )
  const known = errorCodes.map((code) => `${code} ${new AppError(code, '').status}`)
  expect(listed.sort()).toEqual(known.sort())
})

/** `id=createTeam.team.id` behind a block's language: a variable, found in the answer to the query before it. */
function variablesOf({ words }: CodeBlock, last: unknown): Record<string, unknown> {
  const given = words.slice(2).map((word) => word.split('=') as [string, string])
  return Object.fromEntries(
    given.map(([name, path]) => [
      name,
      path.split('.').reduce((value, key) => (value as Record<string, unknown>)[key], last),
    ]),
  )
}

async function ask(
  { text, words }: CodeBlock,
  variables: Record<string, unknown>,
): Promise<{ data?: unknown; errors?: unknown }> {
  const [where = '', email = ''] = words
  if (where === 'platform') {
    const token = /platform API +operator[\s\S]*?(eyJ[\w-]+\.[\w-]+\.[\w-]+)/i.exec(demo.banner)?.[1] ?? ''
    return demo.query('/platform/graphql', { authorization: `Bearer ${token}` }, text)
  }
  const authorization = `Bearer ${await tokenOf(email)}`
  if (where === 'account') return demo.query('/account/graphql', { authorization }, text)
  return demo.query('/graphql', { authorization, 'org-id': where }, text, variables)
}

/** The commands of a block: a line each, without comments; a trailing backslash goes on. */
function commandsOf({ text }: CodeBlock): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function place({ file, line }: CodeBlock): string {
  return `${file}:${line}`
}
