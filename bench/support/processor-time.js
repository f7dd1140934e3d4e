import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Clock ticks per second in /proc, fixed by the kernel's interface: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS = 100

/** Adds up the processor time of one side of a comparison, which other programs on the machine hardly change. */
export class ProcessorMeter {
  #calls = 0
  #program = 0
  #postgres = 0
  #dataDirectory
  #programTime

  /** @param programTime - resolves to the µs of processor time the measured program has used; by default this one */
  constructor(dataDirectory, programTime = ownProcessorTime) {
    this.#dataDirectory = dataDirectory
    this.#programTime = programTime
  }

  /** Runs `work`, which resolves to the number of its calls and their rate; resolves to the rate. */
  async around(work) {
    const [program, postgres] = [await this.#programTime(), serverProcessorTime(this.#dataDirectory)]
    const { calls, perSecond } = await work()
    this.#program += (await this.#programTime()) - program
    this.#postgres += serverProcessorTime(this.#dataDirectory) - postgres
    this.#calls += calls
    return perSecond
  }

  /** Mean µs per call, the warming up included; NaN where there is no /proc. */
  get each() {
    return { program: this.#program / this.#calls, postgres: this.#postgres / this.#calls }
  }

  toString() {
    const { program, postgres } = this.each
    return `node ${Math.round(program)} µs${Number.isNaN(postgres) ? '' : `, postgres ${Math.round(postgres)} µs`}`
  }
}

function ownProcessorTime() {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** µs of processor time another process has used, to a hundredth of a second; NaN where there is no /proc. */
export function processorTime(pid) {
  return ((readTimes(pid)?.own ?? Number.NaN) / TICKS) * 1e6
}

/** µs of the Postgres on a data directory, its ended backends included; NaN where there is no /proc. */
function serverProcessorTime(dataDirectory) {
  try {
    const postmaster = Number(readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0])
    const ticks = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(readTimes)
      .filter((times) => times?.pid === postmaster || times?.parent === postmaster)
      .reduce((sum, { pid, own, ended }) => sum + own + (pid === postmaster ? ended : 0), 0)
    return (ticks / TICKS) * 1e6
  } catch {
    return Number.NaN
  }
}

/** Resident memory of a process in bytes; undefined where there is no /proc. */
export function residentMemory(pid) {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
  } catch {
    return undefined
  }
}

/** Ticks of one process and of its ended children; undefined when it has ended meanwhile. */
function readTimes(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold blanks; fields are counted behind it.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    return {
      pid: Number(pid),
      parent: fields[1],
      own: fields[11] + fields[12],
      ended: fields[13] + fields[14],
    }
  } catch {
    return undefined
  }
}
