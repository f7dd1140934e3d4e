const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Listens for the signals that end a process in order. A second one, from somebody who will not wait, ends it at
 * once with the code a shell expects.
 */
export function untilStopped(): {
  /** Settles with the first signal's name. */
  readonly signal: Promise<string>
  /** Gives the signals their usual meaning back. */
  release(): void
} {
  let first = true
  let settle: (name: string) => void = () => {}
  const signal = new Promise<string>((resolve) => (settle = resolve))
  const hear = (name: NodeJS.Signals): void => {
    if (!first) process.exit(name === 'SIGINT' ? 130 : 143)
    first = false
    settle(name)
  }
  for (const name of SIGNALS) process.on(name, hear)
  return {
    signal,
    release: () => {
      for (const name of SIGNALS) process.off(name, hear)
    },
  }
}
