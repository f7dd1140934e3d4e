import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/package-root.js'

const PROGRAM = join(packageRoot, 'dist/cli/main.js')
const STARTED = /http:\/\/localhost:(\d+)/

/** `npm start` as a user has it: a process of its own, a folder of its own. */
export class DemoServer {
  private constructor(
    readonly folder: string,
    readonly url: string,
    /** Everything printed at start. */
    readonly banner: string,
    readonly child: ChildProcess,
  ) {}

  static async start(): Promise<DemoServer> {
    const folder = await mkdtemp(join(tmpdir(), 'orgscope-docs-'))
    // Open to Postgres' own user, so that all data stays in the folder and goes with it.
    await chmod(folder, 0o755)
    await cp(join(packageRoot, 'tenants'), join(folder, 'tenants'), { recursive: true })
    const child = spawn(process.execPath, [PROGRAM, 'serve', '--demo'], {
      cwd: folder,
      env: environment({ PORT: '0', LOG_LEVEL: 'silent' }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let errors = ''
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    const banner = await new Promise<string>((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (STARTED.test(output) && output.includes('curl ')) resolve(output)
      })
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${output}${errors}`)))
    })
    const [url] = STARTED.exec(banner) as RegExpExecArray
    return new DemoServer(folder, url, banner, child)
  }

  /** Runs a command of the documentation in the server's folder. */
  async run(
    command: string,
    extra: Record<string, string> = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const line = command
      .replaceAll('npx orgscope', `${process.execPath} ${PROGRAM}`)
      .replaceAll('http://localhost:4000', this.url)
    const child = spawn('bash', ['-c', line], {
      cwd: this.folder,
      env: environment(extra),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    return { code, stdout, stderr }
  }

  async query(
    path: string,
    headers: Record<string, string>,
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<{ data?: unknown; errors?: unknown }> {
    const answer = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    })
    return (await answer.json()) as { data?: unknown; errors?: unknown }
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM')
    if (this.child.exitCode === null) await once(this.child, 'exit')
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** The environment without settings of the machine that runs the tests. */
function environment(extra: Record<string, string>): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG } = process.env
  return { PATH, HOME, LANG, ...extra }
}
