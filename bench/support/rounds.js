/** The middle value, or the mean of the two in the middle. */
export function median(values) {
  return quantile(values, 0.5)
}

/** Linear interpolation between the nearest ranks; `share` is 0 for the smallest value and 1 for the largest. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)]
  return below + (sorted[Math.ceil(position)] - below) * (position - Math.floor(position))
}

/**
 * Measures two sides in turn, A B, B A, A B …, so that whatever else the machine does hits both. Each side is an
 * async function that does one round and returns a number; the first rounds of each warm up and are not counted.
 */
export async function interleave({ rounds, warmUp = 1, a, b, onRound }) {
  for (let round = 0; round < warmUp; round += 1) {
    await a()
    await b()
  }
  return summarize(await takeTurns({ rounds, sides: { a, b }, onRound }))
}

/**
 * Lets every side do a round, as many times as there are rounds; resolves to what the sides returned, round by round.
 * Whoever comes later may find a warmer machine, or a busier one: each round begins with another side.
 */
export async function takeTurns({ rounds, sides, onRound }) {
  const names = Object.keys(sides)
  const results = []
  for (let round = 1; round <= rounds; round += 1) {
    const result = {}
    const first = (round - 1) % names.length
    for (const side of [...names.slice(first), ...names.slice(0, first)]) result[side] = await sides[side]()
    results.push(result)
    onRound?.(round, result)
  }
  return results
}

/** Medians of both sides, and the median of the ratios a/b of the rounds with its quartiles. */
function summarize(pairs) {
  const ratios = pairs.map(({ a, b }) => a / b)
  return {
    a: median(pairs.map(({ a }) => a)),
    b: median(pairs.map(({ b }) => b)),
    ratio: median(ratios),
    lower: quantile(ratios, 0.25),
    upper: quantile(ratios, 0.75),
  }
}

/** Runs `work(n)` with rising n in `width` loops at once for that many milliseconds; resolves to their number and rate. */
export async function throughput({ width, milliseconds, work }) {
  const began = performance.now()
  const end = began + milliseconds
  let calls = 0
  const loop = async () => {
    while (performance.now() < end) await work(calls++)
  }
  await Promise.all(Array.from({ length: width }, loop))
  return { calls, perSecond: calls / ((performance.now() - began) / 1000) }
}
