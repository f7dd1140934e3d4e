import { spawn, type ChildProcess } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import { packageRoot } from '../../src/package-root.js'

/** A program of the tests that runs in processes of its own, which can be killed. */
export interface CompiledProgram {
  start(...args: readonly string[]): ChildProcess
  remove(): void
}

/** Compiles the sources and one program of the tests into a folder of their own, beside links to what they read. */
export function compileProgram(program: string): CompiledProgram {
  const folder = mkdtempSync(join(tmpdir(), 'orgscope-program-'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  for (const name of ['node_modules', 'migrations']) symlinkSync(join(packageRoot, name), join(folder, name))
  const sources = readdirSync(join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' })
  for (const file of sources.filter((name) => name.endsWith('.ts'))) compile(folder, join('src', file))
  compile(folder, program)
  return {
    start: (...args) =>
      spawn(process.execPath, [join(folder, program.replace(/\.ts$/, '.js')), ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function compile(folder: string, file: string): void {
  const { outputText } = transpileModule(readFileSync(join(packageRoot, file), 'utf8'), {
    compilerOptions: {
      target: ScriptTarget.ES2022,
      module: ModuleKind.ESNext,
      experimentalDecorators: true,
      useDefineForClassFields: false,
      verbatimModuleSyntax: true,
    },
  })
  const target = join(folder, file.replace(/\.ts$/, '.js'))
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, outputText)
}
