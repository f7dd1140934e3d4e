import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A program of this folder in a process of its own that answers each message with one message. */
export class Child {
  #process
  #name

  constructor(name, words = [], options = {}) {
    this.#name = name
    const file = fileURLToPath(new URL(name, import.meta.url))
    this.#process = fork(file, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], ...options })
  }

  get pid() {
    return this.#process.pid
  }

  /** Sends a message and resolves to the answer; rejects when the process ends first. */
  ask(message) {
    return new Promise((resolve, reject) => {
      const child = this.#process
      const settle = (finish) => (value) => {
        child.off('message', answered)
        child.off('exit', ended)
        finish(value)
      }
      const answered = settle(resolve)
      const ended = settle((code) => reject(new Error(`${this.#name} ended with ${code} before it answered`)))
      child.on('message', answered)
      child.on('exit', ended)
      if (message !== undefined) child.send(message)
    })
  }

  /** Ends the process and waits for its end. */
  async stop() {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
}
