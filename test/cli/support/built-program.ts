import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process'
import { readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { packageRoot } from '../../../src/package-root.js'

const program = join(packageRoot, 'dist', 'cli', 'main.js')

/** Builds `dist/` unless it is newer than every source. */
export function buildProgram(): void {
  const sources = readdirSync(join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' })
  const newest = Math.max(...sources.map((file) => changedAt(join(packageRoot, 'src', file))))
  if (changedAt(join(packageRoot, 'dist', '.tsbuildinfo')) >= newest && changedAt(program) > 0) return
  execFileSync(
    process.execPath,
    [join(packageRoot, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
    {
      cwd: packageRoot,
      stdio: 'inherit',
    },
  )
  // A build that finds every text unchanged leaves the file alone, and the next one would look all over again.
  utimesSync(join(packageRoot, 'dist', '.tsbuildinfo'), new Date(), new Date())
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

export type Running = ChildProcessByStdio<Writable, Readable, Readable>

/** Starts the built program in a process of its own. */
export function startProgram(
  args: readonly string[],
  { cwd, environment }: { readonly cwd: string; readonly environment: NodeJS.ProcessEnv },
): Running {
  return spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

/** Collects what a process prints and waits for its end. */
export async function ended(
  running: Running,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const output = { stdout: '', stderr: '' }
  running.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  running.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => running.once('close', resolve))
  return { code, ...output }
}

/** Resolves with everything printed so far once it contains a text; rejects when the process ends before. */
export function printed(running: Running, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    let errors = ''
    running.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes(text)) resolve(output)
    })
    running.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    running.once('close', (code) =>
      reject(new Error(`ended with ${code} before printing ${text}: ${errors}`)),
    )
  })
}
