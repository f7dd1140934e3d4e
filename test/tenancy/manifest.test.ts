import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AppError } from '../../src/errors.js'
import { packageRoot } from '../../src/package-root.js'
import { closest } from '../../src/tenancy/closest-word.js'
import { loadManifests, parseManifest, type ManifestProblem } from '../../src/tenancy/tenant-manifest.js'

const FILE = 'tenants/example.yaml'

/** A right manifest, one field a line. */
const LINES = [
  'id: example',
  'name: Example Inc.',
  'plan: pro',
  'modules: [usage]',
  'admin:',
  '  email: ada@example.example',
  '  name: Ada Lovelace',
  'teams:',
  '  - name: Engines',
  '    lead: ada@example.example',
  '  - name: Looms',
  '    parent: Engines',
  'members:',
  '  - email: charles@example.example',
  '    name: Charles Babbage',
  '    role: admin',
  '    teams: [Engines, Looms]',
]

/** The manifest with some lines replaced (by number, from 1); an empty text takes the line out. */
function withLines(changes: Readonly<Record<number, string>>): string {
  return LINES.map((line, index) => changes[index + 1] ?? line)
    .filter((line) => line !== '')
    .join('\n')
}

function problemsOf(text: string): ManifestProblem[] {
  try {
    parseManifest(text, FILE)
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    expect((error as AppError).code).toBe('BAD_USER_INPUT')
    return (error as AppError).details['problems'] as ManifestProblem[]
  }
  return []
}

test('a right manifest says what it says, with defaults for the rest', () => {
  expect(parseManifest(withLines({}), FILE)).toMatchObject({
    file: FILE,
    id: 'example',
    plan: 'pro',
    modules: ['usage'],
    teams: [{ name: 'Engines' }, { name: 'Looms', parent: 'Engines' }],
    members: [{ role: 'admin', teams: ['Engines', 'Looms'] }],
  })
  const small = parseManifest('id: a\nname: A\nplan: free\nadmin: { email: a@b.example, name: A }', FILE)
  expect(small).toMatchObject({ modules: [], teams: [], members: [] })
})

describe('a manifest is refused with line and reason when', () => {
  test.each<[string, string, number, RegExp]>([
    ['it is empty', '', 1, /^is empty/],
    ['it is a list', '- id: a', 1, /^is a list; it has to be a map/],
    ['it is a word', 'hello', 1, /^is "hello"; it has to be a map/],
    ['it is not YAML', withLines({ 4: 'modules: [usage' }), 5, /^not valid YAML: /],
    ['a key stands twice', withLines({ 3: 'name: Twice' }), 3, /^not valid YAML: .*unique/i],
    ['it holds two documents', `${withLines({})}\n---\nid: b`, 18, /^not valid YAML: .*multiple documents/i],
    ['an alias leads nowhere', withLines({ 3: 'plan: *pro' }), 3, /^not valid YAML: Unresolved alias/],
    ['the id is missing', withLines({ 1: '' }), 1, /^id is missing; it is a tenant id/],
    [
      'the id has capitals',
      withLines({ 1: 'id: Example' }),
      1,
      /^id is "Example"; it has to be a tenant id: lower-case/,
    ],
    ['the id is a number', withLines({ 1: 'id: 42' }), 1, /^id is 42; .*put it in quotes/],
    ['the id is too long', withLines({ 1: `id: ${'a'.repeat(56)}` }), 1, /^id is "a+.*at most 55/],
    [
      'the name is blank',
      withLines({ 2: 'name: "  "' }),
      2,
      /^name is " {2}"; it has to be the organization's name/,
    ],
    ['the name is empty', withLines({ 2: 'name:' }), 2, /^name is empty/],
    [
      'the plan is unknown',
      withLines({ 3: 'plan: gold' }),
      3,
      /^plan is "gold"; it has to be one of free, pro, enterprise/,
    ],
    [
      'modules are not a list',
      withLines({ 4: 'modules: usage' }),
      4,
      /^modules is "usage"; it has to be a list/,
    ],
    [
      'a module is unknown',
      withLines({ 4: 'modules: [usage, crm]' }),
      4,
      /^modules\[1\] is "crm"; it has to be one of usage,/,
    ],
    [
      'a module is listed twice',
      withLines({ 4: 'modules: [usage, usage]' }),
      4,
      /^modules\[1\] is listed twice/,
    ],
    [
      'the time zone is unknown',
      withLines({ 3: 'plan: pro\ntimezone: Mars/Olympus' }),
      4,
      /^timezone is "Mars\/Olympus"; .*Europe\/Berlin/,
    ],
    ['the slug has spaces', withLines({ 3: 'plan: pro\nslug: two words' }), 4, /^slug is "two words"/],
    [
      'an e-mail address is none',
      withLines({ 6: '  email: ada' }),
      6,
      /^admin\.email is "ada"; it has to be an e-mail address/,
    ],
    [
      'the admin is missing',
      withLines({ 5: '', 6: '', 7: '' }),
      1,
      /^admin is missing; it is a map with email and name/,
    ],
    [
      'the admin is a word',
      withLines({ 5: 'admin: ada', 6: '', 7: '' }),
      5,
      /^admin is "ada"; it has to be a map/,
    ],
    [
      'a field is misspelled',
      withLines({ 3: 'plna: pro' }),
      3,
      /^plna is not a field of a manifest; did you mean plan\?/,
    ],
    [
      'a field is unknown',
      withLines({ 3: 'plan: pro\nfavourite_colour: red' }),
      4,
      /^favourite_colour is not a field.*known ones are id, name/,
    ],
    [
      'a field of a member is misspelled',
      withLines({ 16: '    rol: admin' }),
      16,
      /^members\[0\]\.rol is not a field.*did you mean role\?/,
    ],
    [
      'a role is unknown',
      withLines({ 16: '    role: boss' }),
      16,
      /^members\[0\]\.role is "boss"; .*owner, admin, member, viewer/,
    ],
    ['a role is missing', withLines({ 16: '' }), 14, /^members\[0\]\.role is missing/],
    [
      'a team is unknown',
      withLines({ 17: '    teams: [Ships]' }),
      17,
      /^members\[0\]\.teams\[0\] names an unknown team "Ships"; teams are Engines, Looms/,
    ],
    [
      'a parent is unknown',
      withLines({ 12: '    parent: Ships' }),
      12,
      /^teams\[1\]\.parent names an unknown team/,
    ],
    [
      'teams go in a circle',
      withLines({ 10: '    parent: Looms' }),
      10,
      /^teams\[0\]\.parent puts the team below itself/,
    ],
    [
      'two teams have one name',
      withLines({ 11: '  - name: Engines', 12: '' }),
      11,
      /^teams\[1\]\.name is the name of two teams/,
    ],
    [
      'a lead is nobody',
      withLines({ 10: '    lead: who@example.example' }),
      10,
      /^teams\[0\]\.lead is not the admin or one of the members/,
    ],
    [
      'a member is listed twice',
      `${withLines({})}\n  - { email: CHARLES@example.example, name: C, role: viewer }`,
      18,
      /^members\[1\]\.email is listed twice/,
    ],
    [
      'the admin is demoted',
      withLines({ 14: '  - email: Ada@example.example' }),
      16,
      /^members\[0\]\.role is admin, but the admin is owner/,
    ],
  ])('%s', (_, text, line, message) => {
    expect(problemsOf(text)).toContainEqual({ file: FILE, line, message: expect.stringMatching(message) })
  })
})

test('several mistakes are told at once, in the order of the lines', () => {
  const problems = problemsOf(withLines({ 1: 'id: Example', 3: 'plan: gold', 16: '    role: boss' }))
  expect(problems.map(({ line }) => line)).toEqual([1, 3, 16])
})

test('no text makes parsing fail in another way than by naming a line', () => {
  const fragment = fc.constantFrom(
    ...LINES,
    '- a',
    '  x: y',
    '{',
    ']',
    '&a',
    '*a',
    '!!binary x',
    '? k',
    ': v',
    '\t',
    '---',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fragment).map((lines) => lines.join('\n')),
      ),
      (text) => {
        for (const { line, message } of problemsOf(text)) {
          expect(line).toBeGreaterThanOrEqual(1)
          expect(line).toBeLessThanOrEqual(text.split('\n').length + 1)
          expect(message).not.toBe('')
        }
      },
    ),
  )
})

describe('a folder of manifests', () => {
  async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'orgscope-manifests-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    return folder
  }

  test('is read by name, other files left aside', async () => {
    const folder = await folderOf({
      'b.yml': withLines({}),
      'a.yaml': withLines({ 1: 'id: first', 2: 'name: First' }),
      'notes.txt': 'not a manifest',
    })
    expect((await loadManifests([folder])).map(({ id }) => id)).toEqual(['first', 'example'])
  })

  test('is refused as a whole when one file is wrong, or two mean the same tenant', async () => {
    const folder = await folderOf({
      'a.yaml': withLines({}),
      'b.yaml': withLines({ 2: 'name: Other' }),
      'c.yaml': withLines({ 3: 'plan: gold' }),
    })
    await expect(loadManifests([folder])).rejects.toMatchObject({
      message: expect.stringMatching(
        /c\.yaml:3: plan is "gold".*b\.yaml:1: id example is taken by .*a\.yaml/s,
      ),
    })
  })

  test.each([
    ['that is not there', '/no/such/folder', /There is no file or folder \/no\/such\/folder/],
    ['without any', undefined, /holds no tenant manifest/],
  ])('%s is refused', async (_, path, message) => {
    await expect(loadManifests([path ?? (await folderOf({}))])).rejects.toThrow(message)
  })
})

test('the demo tenants are described as they should be', async () => {
  const manifests = await loadManifests([join(packageRoot, 'tenants')])
  expect(
    manifests.map(({ id, name, slug, plan, modules, admin }) => [id, name, slug, plan, modules, admin.email]),
  ).toEqual([
    [
      'acme',
      'Acme Corporation',
      'acme-corporation',
      'enterprise',
      ['usage', 'compliance'],
      'john.doe@acme.com',
    ],
    [
      'digitalagency',
      'Digital Agency Ltd',
      'digital-agency',
      'free',
      ['usage'],
      'dana.reyes@digital-agency.example',
    ],
    ['startupio', 'StartupIO', 'startupio', 'pro', ['usage', 'workspace'], 'bob.wilson@startupio.example'],
    [
      'techcorp',
      'TechCorp Inc.',
      'techcorp',
      'enterprise',
      ['usage', 'compliance', 'llm', 'workspace'],
      'john.doe@techcorp.example',
    ],
    ['testclient', 'Test Client', 'test-client', 'enterprise', ['portfolio'], 'owner@test-client.example'],
  ])
})

test('a suggestion is offered only when it is near', () => {
  expect(closest('plna', ['plan', 'name'])).toBe('plan')
  expect(closest('Modules', ['modules'])).toBe('modules')
  expect(closest('colour', ['plan', 'name', 'modules'])).toBeUndefined()
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (word) => {
      expect(closest(word, [word.toLowerCase()])).toBe(word.toLowerCase())
    }),
  )
})
