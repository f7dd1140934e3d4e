import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createPool } from '../../dist/database/pool.js'
import { azureLlmTrace } from '../../dist/modules/usage/import/azure-llm-trace.js'
import { importUsage } from '../../dist/modules/usage/import/import-usage.js'
import { tenantScope } from '../../dist/tenancy/session-scope.js'
import { traceStream } from './trace-file.js'

/**
 * A child process that imports one generated file, `{ gatewayUrl, tenant, organizationId, rows, samples }`, and
 * answers with its report and with its memory in bytes, taken about `samples` times in each pass after a garbage
 * collection. Needs --expose-gc.
 */
process.on('message', async (order) => {
  const answer = await importGenerated(order)
  process.send(answer, () => process.disconnect())
})

async function importGenerated({ gatewayUrl, tenant, organizationId, rows, samples }) {
  const directory = await mkdtemp(join(tmpdir(), 'orgscope-bench-memory-'))
  const pool = createPool({ connectionString: gatewayUrl, max: 10, applicationName: 'bench import' })
  try {
    const file = join(directory, 'trace.csv')
    await pipeline(traceStream(rows), createWriteStream(file))
    const taken = []
    const report = await importUsage({
      source: createReadStream(file),
      format: azureLlmTrace,
      model: { modelName: 'gpt-4o-mini', provider: 'openai' },
      pool,
      scope: tenantScope(tenant, organizationId),
      onRejected: () => {},
      onProgress: (progress) => takeSample(progress, taken, rows / samples),
    })
    return { report, samples: taken }
  } finally {
    await pool.end()
    await rm(directory, { recursive: true, force: true })
  }
}

function takeSample({ phase, rows }, taken, distance) {
  const last = taken.at(-1)
  if (last?.phase === phase && rows < last.at + distance) return
  globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  taken.push({ phase, at: rows, heap: heapUsed + external, resident: rss })
}
