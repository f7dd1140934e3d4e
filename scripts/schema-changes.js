// Finds what breaks clients between two versions of the emitted schemas: from the last commit to the files as they are,
// and from that commit's parent to it (a clean checkout holds just what was committed). A breaking change passes when
// CHANGELOG.md names it. Run it through `npm run schema:changes`; `-- v1.2.0` compares with that commit or tag instead.
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { CriticalityLevel, diff } from '@graphql-inspector/core'
import { buildSchema } from 'graphql'

const run = promisify(execFile)
const FOLDER = 'schema'
const [since] = process.argv.slice(2)

const comparisons = since
  ? [{ title: `since ${since}`, from: since }]
  : [
      { title: 'since the last commit', from: 'HEAD' },
      { title: 'in the last commit', from: 'HEAD~1', to: 'HEAD' },
    ]
const announced = namesOfBreakingChanges(await readFile('CHANGELOG.md', 'utf8').catch(() => ''))
const unannounced = new Set()
for (const { title, from, to } of comparisons) {
  const trouble = await troubleWith(from)
  if (trouble !== undefined) notCompared(title, `${from} is not a commit that is here (${trouble})`)
  else await compare(title, await committed(from), to ? await committed(to) : await present())
}
if (unannounced.size > 0) {
  console.error(
    `These changes break clients: ${[...unannounced].join(', ')}.\n` +
      'Deprecate instead and add beside it. If a break is meant, say in CHANGELOG.md what clients have to do: in its ' +
      'newest section under "### Breaking", with each of these names in backquotes.',
  )
  process.exitCode = 1
}

/** Prints what a client may notice, and collects what breaks it without being announced. */
async function compare(title, before, after) {
  for (const file of new Set([...before.keys(), ...after.keys()])) {
    const [older, newer] = [before.get(file), after.get(file)]
    if (older === undefined) continue
    if (newer === undefined) {
      report(title, file, {
        path: `${FOLDER}/${file}`,
        message: 'The API was removed',
        level: CriticalityLevel.Breaking,
      })
      continue
    }
    const schemas = [parsed(older), parsed(newer)]
    if (schemas.includes(undefined)) notCompared(title, `${file} is not a schema on both sides`)
    else for (const change of await diff(...schemas)) report(title, file, levelled(change))
  }
}

function levelled({ path, message, criticality }) {
  return { path, message, level: criticality.level }
}

function report(title, file, { path, message, level }) {
  if (level === CriticalityLevel.NonBreaking) return
  const isBreaking = level === CriticalityLevel.Breaking
  const remark = isBreaking && announced.has(path) ? ', announced' : ''
  console.log(`${file}, ${title}: ${level.toLowerCase()}${remark}: ${path}: ${message}`)
  if (isBreaking && !announced.has(path)) unannounced.add(path)
}

function notCompared(title, reason) {
  console.log(`Not compared ${title}: ${reason}.`)
}

/** What stands in backquotes under "### Breaking" in the newest section. */
function namesOfBreakingChanges(changelog) {
  const [, newest = ''] = changelog.split(/^## /m)
  const breaking = newest.split(/^### /m).find((part) => /^breaking\b/i.test(part)) ?? ''
  return new Set([...breaking.matchAll(/`([^`\n]+)`/g)].map(([, name]) => name))
}

async function present() {
  const files = (await readdir(FOLDER).catch(() => [])).filter(isSdl)
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(`${FOLDER}/${file}`, 'utf8')])),
  )
}

async function committed(commit) {
  const files = (await git('ls-tree', '--name-only', `${commit}:./${FOLDER}`).catch(() => ''))
    .split('\n')
    .filter(isSdl)
  return new Map(
    await Promise.all(files.map(async (file) => [file, await git('show', `${commit}:./${FOLDER}/${file}`)])),
  )
}

/** Why a name stands for no commit: outside git, in a shallow clone, before the first commit. */
function troubleWith(commit) {
  return git('rev-parse', '--verify', `${commit}^{commit}`).then(
    () => undefined,
    (error) => (error.stderr || error.message).split('\n')[0].replace(/^fatal: /, ''),
  )
}

async function git(...words) {
  const { stdout } = await run('git', words, { maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

function isSdl(file) {
  return file.endsWith('.graphql')
}

function parsed(sdl) {
  try {
    return buildSchema(sdl)
  } catch {
    return undefined
  }
}
