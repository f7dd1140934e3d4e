/**
 * Preloaded into a program that is measured (`node --expose-gc --import`): answers every message with the bytes it
 * uses after a garbage collection.
 */
process.on('message', () => {
  globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  process.send({ heap: heapUsed + external, resident: rss })
})
// The program ends when nothing of its own is left to do.
process.channel.unref()
