import { number } from './report.js'

const MEGABYTE = 2 ** 20
/** Share of the samples that warm up: code is compiled, buffers and caches grow to the size they keep. */
const WARM_UP = 0.2

/**
 * MB per 100,000 rows or requests by which heap and resident memory grow, without the warming up; tells the samples,
 * `{ at, heap, resident }` in rows or requests and bytes, on the way.
 */
export function memorySlopes(what, samples, report) {
  report.say(`${what}, heap and buffers (MB), resident (MB)`)
  for (const { at, heap, resident } of samples) {
    report.say(
      `  ${number(at).padStart(9)}  ${number(heap / MEGABYTE, 1)}  ${number(resident / MEGABYTE, 1)}`,
    )
  }
  const warm = samples.filter(({ at }) => at >= samples.at(-1).at * WARM_UP)
  const slopes = {}
  for (const measure of ['heap', 'resident']) slopes[measure] = slope(warm, measure) * (100_000 / MEGABYTE)
  report.say(
    `  slope per 100,000: heap and buffers ${slopes.heap.toFixed(3)} MB, resident ${slopes.resident.toFixed(3)} MB`,
  )
  return slopes
}

/** Least squares: bytes per row or request. */
function slope(samples, measure) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(samples.map(({ at }) => at)), mean(samples.map((sample) => sample[measure]))]
  const moments = samples.map((sample) => [(sample.at - x) * (sample[measure] - y), (sample.at - x) ** 2])
  return mean(moments.map(([covariance]) => covariance)) / mean(moments.map(([, variance]) => variance))
}
