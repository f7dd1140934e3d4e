import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  isMap,
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type Pair,
  visit,
} from 'yaml'
import { AppError } from '../errors.js'
import { closest } from './closest-word.js'
import { crossCheck, manifestSchema, type ContentProblem, type ManifestContent } from './manifest-schema.js'

/** A checked tenant manifest and the file it came from. */
export interface TenantManifest extends ManifestContent {
  readonly file: string
}

/** Something wrong in a manifest. */
export interface ManifestProblem {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly message: string
}

/**
 * Reads manifests from files and folders (every .yaml and .yml in them, by name). Throws BAD_USER_INPUT listing every
 * problem of all files, so that nothing is applied while one of them is wrong.
 */
export async function loadManifests(paths: readonly string[]): Promise<TenantManifest[]> {
  const files = (await Promise.all(paths.map(manifestFiles))).flat()
  const manifests: TenantManifest[] = []
  const problems: ManifestProblem[] = []
  for (const file of files) {
    const result = checkManifest(await readFile(file, 'utf8'), file)
    if (Array.isArray(result)) problems.push(...result)
    else manifests.push(result)
  }
  problems.push(...sharedNames(manifests))
  if (problems.length > 0) throw refused(problems)
  return manifests
}

/** Parses one manifest. Throws BAD_USER_INPUT listing every problem with its line. */
export function parseManifest(text: string, file: string): TenantManifest {
  const result = checkManifest(text, file)
  if (Array.isArray(result)) throw refused(result)
  return result
}

function refused(problems: readonly ManifestProblem[]): AppError {
  const lines = problems.map(({ file, line, message }) => `${file}:${line}: ${message}`)
  return new AppError('BAD_USER_INPUT', `The tenant manifests are not right:\n${lines.join('\n')}`, {
    problems,
  })
}

async function manifestFiles(path: string): Promise<string[]> {
  let isFolder: boolean
  try {
    isFolder = (await stat(path)).isDirectory()
  } catch (cause) {
    throw new AppError('BAD_USER_INPUT', `There is no file or folder ${path}.`, { path }, { cause })
  }
  if (!isFolder) return [path]
  const names = (await readdir(path)).filter((name) => /\.ya?ml$/.test(name)).sort()
  if (names.length > 0) return names.map((name) => join(path, name))
  throw new AppError('BAD_USER_INPUT', `The folder ${path} holds no tenant manifest (*.yaml).`, { path })
}

/** The manifest, or what is wrong with it. */
function checkManifest(text: string, file: string): TenantManifest | ManifestProblem[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line)
  if (document.errors.length > 0) {
    return document.errors.map(({ message, pos }) => ({
      file,
      line: lineAt(pos[0]),
      message: `not valid YAML: ${message}`,
    }))
  }
  if (document.contents === null)
    return [{ file, line: 1, message: 'is empty; it begins with an id and a name' }]
  const content = plainContent(document)
  if (content instanceof Error) {
    return [{ file, line: lineAt(firstAlias(document)), message: `not valid YAML: ${content.message}` }]
  }
  const checked = manifestSchema.safeParse(content.value)
  const problems = checked.success ? crossCheck(checked.data) : checked.error.issues.flatMap(contentProblems)
  if (checked.success && problems.length === 0) return { ...checked.data, file }
  return problems
    .map(({ path, message }) => ({
      file,
      line: lineAt(offsetOf(document, path)),
      message: path.length === 0 ? message : `${spelled(path)} ${message}`,
    }))
    .sort((a, b) => a.line - b.line)
}

/** Aliases are looked up only now: one may lead nowhere, or blow a small text up to a huge value. */
function plainContent(document: Document): { readonly value: unknown } | Error {
  try {
    return { value: document.toJS() }
  } catch (error) {
    return error as Error
  }
}

function firstAlias(document: Document): number {
  let offset = 0
  visit(document, {
    Alias(_, { range }) {
      offset = range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return offset
}

type Issue = NonNullable<ReturnType<typeof manifestSchema.safeParse>['error']>['issues'][number]

function contentProblems(issue: Issue): ContentProblem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol')
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  return issue.keys.map((key) => {
    const known = knownKeys(path)
    const near = closest(key, known)
    const advice = near === undefined ? `known ones are ${known.join(', ')}` : `did you mean ${near}?`
    return { path: [...path, key], message: `is not a field of a manifest; ${advice}` }
  })
}

/** The fields a map at this place may have. */
function knownKeys(path: readonly (string | number)[]): string[] {
  const { shape } = manifestSchema
  switch (path[0]) {
    case 'admin':
      return Object.keys(shape.admin.shape)
    case 'teams':
      return Object.keys(shape.teams.unwrap().element.shape)
    case 'members':
      return Object.keys(shape.members.unwrap().element.shape)
    default:
      return Object.keys(shape)
  }
}

/** `members[2].role` */
function spelled(path: readonly (string | number)[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`))
    .join('')
}

/** Where a path stands in the text: its key when it has one, else what is nearest above it. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent = document.getIn(path.slice(0, depth - 1), true)
    const last = path[depth - 1]
    const pair = isMap(parent) ? parent.items.find((item) => isPair(item) && keyOf(item) === last) : undefined
    const node = pair?.key ?? document.getIn(path.slice(0, depth), true)
    const start = (node as Node | null | undefined)?.range?.[0]
    if (start !== undefined) return start
  }
  return (document.contents as Node | null)?.range?.[0] ?? 0
}

function keyOf({ key }: Pair): unknown {
  return isScalar(key) ? key.value : key
}

/** Two files that mean one tenant, or want one slug. */
function sharedNames(manifests: readonly TenantManifest[]): ManifestProblem[] {
  return (['id', 'slug', 'name'] as const).flatMap((field) => {
    const first = new Map<string, string>()
    return manifests.flatMap((manifest) => {
      const value = manifest[field]
      const earlier = value === undefined ? undefined : first.get(value.toLowerCase())
      if (value !== undefined && earlier === undefined) first.set(value.toLowerCase(), manifest.file)
      if (earlier === undefined) return []
      return [{ file: manifest.file, line: 1, message: `${field} ${value} is taken by ${earlier}` }]
    })
  })
}
