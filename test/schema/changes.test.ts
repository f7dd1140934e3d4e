import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { packageRoot } from '../../src/package-root.js'

const run = promisify(execFile)
const SCRIPT = join(packageRoot, 'scripts/schema-changes.js')
const TOOLS = 'type Query { tool(name: String!): Tool }\ntype Tool { name: String! vendor: String }\n'
const WITHOUT_VENDOR = TOOLS.replace(' vendor: String', '')

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A checkout with the files a test puts there. */
class Checkout {
  private constructor(readonly folder: string) {}

  static async empty(): Promise<Checkout> {
    const folder = await mkdtemp(join(tmpdir(), 'orgscope-changes-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    return new Checkout(folder)
  }

  /** One whose first commit holds these tools. */
  static async of(sdl: string): Promise<Checkout> {
    const checkout = await Checkout.empty()
    await checkout.git('init', '--quiet')
    await checkout.write(sdl)
    await checkout.commit()
    return checkout
  }

  async write(sdl: string, changelog = '# Changelog\n\n## 0.2.0\n\n- Tools.\n'): Promise<void> {
    await this.put('schema/tools.graphql', sdl)
    await this.put('CHANGELOG.md', changelog)
  }

  async put(file: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, file)), { recursive: true })
    await writeFile(join(this.folder, file), text)
  }

  async commit(): Promise<void> {
    await this.git('add', '--all')
    await this.git('-c', 'user.name=Ada', '-c', 'user.email=ada@acme.example', 'commit', '--quiet', '--message', 'Change')
  }

  async git(...words: string[]): Promise<void> {
    await run('git', words, { cwd: this.folder, env: { PATH: process.env['PATH'], HOME: this.folder } })
  }

  /** What the script says of it. */
  check(...words: string[]): Promise<Outcome> {
    const env = { PATH: process.env['PATH'], HOME: this.folder, GIT_CEILING_DIRECTORIES: tmpdir() }
    return run(process.execPath, [SCRIPT, ...words], { cwd: this.folder, env }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: Outcome) => error,
    )
  }
}

const announcing = (names: string): string =>
  `# Changelog\n\n## 0.2.0 – unreleased\n\n- Tools.\n\n### Breaking\n\n- ${names} is gone; ask the vendor.\n\n## 0.1.0\n\n### Breaking\n\n- \`Tool.name\` was renamed.\n`

test('a field that is removed is refused by its name, in the files and once it is committed, until the changelog names it', async () => {
  const checkout = await Checkout.of(TOOLS)
  expect(await checkout.check()).toMatchObject({ code: 0, stderr: '' })

  await checkout.write(WITHOUT_VENDOR)
  const refused = await checkout.check()
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('break clients: Tool.vendor.') as string })
  expect(refused.stdout).toContain('tools.graphql, since the last commit: breaking: Tool.vendor')

  await checkout.commit()
  const committed = await checkout.check()
  expect(committed.code).toBe(1)
  expect(committed.stdout).toContain('tools.graphql, in the last commit: breaking: Tool.vendor')

  await checkout.write(WITHOUT_VENDOR, announcing('`Tool.vendor`'))
  const allowed = await checkout.check()
  expect(allowed).toMatchObject({ code: 0, stderr: '' })
  expect(allowed.stdout).toContain('breaking, announced: Tool.vendor')
})

test('only the newest section of the changelog announces, and only what stands in backquotes', async () => {
  const checkout = await Checkout.of(TOOLS)
  await checkout.write('type Query { tool(name: String!): Tool }\ntype Tool { vendor: String }\n', announcing('Tool.name'))
  expect(await checkout.check()).toMatchObject({ code: 1, stderr: expect.stringContaining('Tool.name') as string })
})

test('what is added passes, what is dangerous is told', async () => {
  const checkout = await Checkout.of(`${TOOLS}enum State { IN_USE }\n`)
  await checkout.write(
    `${TOOLS.replace('(name: String!)', '(name: String!, state: State)').replace('vendor', 'price: Int vendor')}enum State { IN_USE RETIRED }\n`,
  )
  await checkout.put('schema/more.graphql', 'type Query { hello: String }\n')
  const { code, stdout } = await checkout.check()
  expect([code, stdout]).toEqual([0, expect.stringContaining('dangerous: State.RETIRED') as string])
  expect(stdout).not.toContain('breaking')
})

test('a field can be deprecated, but not removed unannounced for that', async () => {
  const checkout = await Checkout.of(TOOLS)
  const deprecated = TOOLS.replace('vendor: String', 'vendor: String @deprecated(reason: "Removed after 2027-01-31.")')
  await checkout.write(deprecated)
  expect(await checkout.check()).toMatchObject({ code: 0 })
  await checkout.commit()
  await checkout.write(WITHOUT_VENDOR)
  expect(await checkout.check()).toMatchObject({ code: 1, stderr: expect.stringContaining('Tool.vendor') as string })
})

test('a schema that is gone is refused by the name of its file', async () => {
  const checkout = await Checkout.of(TOOLS)
  await rm(join(checkout.folder, 'schema/tools.graphql'))
  expect(await checkout.check()).toMatchObject({ code: 1, stderr: expect.stringContaining('schema/tools.graphql') as string })
})

test('a release can be compared with the one before', async () => {
  const checkout = await Checkout.of(TOOLS)
  await checkout.git('tag', 'v0.1.0')
  await checkout.write(WITHOUT_VENDOR)
  await checkout.commit()
  await checkout.put('notes.txt', 'later')
  await checkout.commit()
  expect(await checkout.check()).toMatchObject({ code: 0 })
  expect(await checkout.check('v0.1.0')).toMatchObject({ code: 1, stderr: expect.stringContaining('Tool.vendor') as string })
})

test('where there is nothing to compare with it says so and passes', async () => {
  const plain = await Checkout.empty()
  await plain.write(TOOLS)
  const outside = await plain.check()
  expect([outside.code, outside.stdout.match(/^Not compared/gm)?.length]).toEqual([0, 2])

  const origin = await Checkout.of(TOOLS)
  await origin.write(WITHOUT_VENDOR)
  await origin.commit()
  const shallow = await Checkout.empty()
  await shallow.git('clone', '--quiet', '--depth', '1', `file://${origin.folder}`, '.')
  const { code, stdout } = await shallow.check()
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^Not compared in the last commit: HEAD~1 is not/) as string])
  await shallow.write(TOOLS.replace('Tool { name: String!', 'Tool { name: String'))
  expect((await shallow.check()).stderr).toContain('Tool.name')
})
