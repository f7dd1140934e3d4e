import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../dist/package-root.js'

/** Lets a program tell the memory it uses, see heap-probe.js. */
const PROBED = ['--expose-gc', '--import', new URL('heap-probe.js', import.meta.url).href]

/** `orgscope serve` in a process of its own, on a free port and on one of the benchmarks' databases. */
export class ServedProgram {
  #process

  /** @param probed - whether `memory` can be asked */
  static async start({ adminUrl, gatewayUrl }, { probed = false } = {}) {
    const program = new ServedProgram()
    program.#process = spawn(
      process.execPath,
      [
        ...(probed ? PROBED : []),
        join(packageRoot, 'dist', 'cli', 'main.js'),
        'serve',
        '--json',
        '--port',
        '0',
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit', ...(probed ? ['ipc'] : [])],
        env: {
          ...process.env,
          NODE_ENV: 'production',
          DATABASE_URL: gatewayUrl,
          ADMIN_DATABASE_URL: adminUrl,
          LOG_LEVEL: 'warn',
        },
      },
    )
    program.url = await program.#announcedUrl()
    return program
  }

  get pid() {
    return this.#process.pid
  }

  /** Bytes in use after a garbage collection: `{ heap, resident }`, buffers being part of the heap. */
  memory() {
    return new Promise((resolve) => {
      this.#process.once('message', resolve)
      this.#process.send('memory')
    })
  }

  async stop() {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }

  /** The program says where it listens once it does. */
  #announcedUrl() {
    return new Promise((resolve, reject) => {
      let text = ''
      this.#process.once('exit', (code) => reject(new Error(`orgscope serve ended with ${code}: ${text}`)))
      this.#process.stdout.setEncoding('utf8').on('data', (part) => {
        text += part
        const url = /"url": "([^"]+)"/.exec(text)?.[1]
        if (url !== undefined) resolve(url)
      })
    })
  }
}
