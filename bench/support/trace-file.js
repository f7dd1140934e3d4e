import { Readable } from 'node:stream'

/** Milliseconds since the epoch; the same for every run, so that every run imports the same rows. */
const BEGIN = Date.UTC(2024, 0, 1)
const LINES_PER_CHUNK = 1_000

/**
 * A CSV of the form of the Azure LLM inference trace, generated row by row: times that rise by about half a second
 * with seven decimals, token counts with a long tail, and one row in 500 that repeats the one before it.
 */
export function traceStream(rows) {
  return Readable.from(chunks(rows), { objectMode: false })
}

function* chunks(rows) {
  const random = randomNumbers(1)
  const time = { ticks: 0 }
  let line
  let text = 'TIMESTAMP,ContextTokens,GeneratedTokens\n'
  for (let row = 1; row <= rows; row += 1) {
    if (row % 500 !== 0) line = nextLine(time, random)
    text += line
    if (row % LINES_PER_CHUNK === 0 || row === rows) {
      yield text
      text = ''
    }
  }
}

/** Ticks are units of 100 ns, the trace's seven decimals. */
function nextLine(time, random) {
  time.ticks += Math.floor(random() * 10_000_000)
  const at = new Date(BEGIN + Math.floor(time.ticks / 10_000)).toISOString()
  const decimals = `${at.slice(20, 23)}${String(time.ticks % 10_000).padStart(4, '0')}`
  const context = Math.floor(50 + 7_000 * random() ** 3)
  const generated = Math.floor(1 + 900 * random() ** 4)
  return `${at.slice(0, 10)} ${at.slice(11, 19)}.${decimals},${context},${generated}\n`
}

/** Numbers from 0 to 1, the same ones for the same seed: Mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function randomNumbers(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
