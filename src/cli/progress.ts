import { Presets, SingleBar } from 'cli-progress'
import { count } from './format.js'
import type { Terminal } from './terminal.js'

/** Shows how far a long command is. */
export interface Progress {
  /** @param total - undefined while it is not known */
  show(stage: string, done: number, total: number | undefined): void
  stop(): void
}

/** Milliseconds between two plain lines. */
const LINE_INTERVAL = 2_000

/** A bar where a person watches, plain lines in a log, nothing with --json. */
export function createProgress(terminal: Terminal): Progress {
  if (terminal.json) return { show: () => {}, stop: () => {} }
  return terminal.isWatched ? new BarProgress(terminal) : new LineProgress(terminal)
}

class BarProgress implements Progress {
  readonly #terminal: Terminal
  #bar: SingleBar | undefined
  #stage = ''
  #started = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(stage: string, done: number, total: number | undefined): void {
    if (stage !== this.#stage) {
      this.stop()
      this.#stage = stage
      this.#started = performance.now()
      this.#bar = this.#newBar(total)
      this.#bar.start(total ?? 0, 0, { rate: '', done: '0', all: '' })
    }
    const seconds = (performance.now() - this.#started) / 1_000
    const rate = seconds < 0.5 ? '' : `${count(Math.round(done / seconds))}/s`
    this.#bar?.update(done, { rate, done: count(done), all: total === undefined ? '' : `/${count(total)}` })
  }

  stop(): void {
    this.#bar?.stop()
    this.#bar = undefined
    this.#stage = ''
  }

  #newBar(total: number | undefined): SingleBar {
    const bar = total === undefined ? '' : '{bar} '
    return new SingleBar(
      {
        format: `${this.#stage.padEnd(9)} ${bar}{done}{all}  {rate}`,
        stream: this.#terminal.streams.stderr as NodeJS.WritableStream,
        hideCursor: true,
        barsize: 30,
      },
      Presets.shades_classic,
    )
  }
}

class LineProgress implements Progress {
  readonly #terminal: Terminal
  #last = performance.now()

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(stage: string, done: number, total: number | undefined): void {
    if (performance.now() - this.#last < LINE_INTERVAL) return
    this.#last = performance.now()
    this.#terminal.say(`${stage} ${count(done)}${total === undefined ? '' : ` of ${count(total)}`}`)
  }

  stop(): void {}
}
