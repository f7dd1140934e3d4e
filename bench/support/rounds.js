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
  const pairs = []
  for (let round = 1; round <= rounds; round += 1) {
    const pair = {}
    // Whoever comes second may find a warmer machine, or a busier one: the two take turns at that as well.
    for (const side of round % 2 === 1 ? ['a', 'b'] : ['b', 'a']) pair[side] = await { a, b }[side]()
    pairs.push(pair)
    onRound?.(round, pair)
  }
  return summarize(pairs)
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
