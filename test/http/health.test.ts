import { describe, expect, test } from 'vitest'
import type { HealthCheck } from '../../src/http/health.js'
import { serve } from './support.js'

describe('health', () => {
  test('is alive while the process answers, whatever else is broken', async () => {
    const { url } = await serve({ readiness: () => Promise.reject(new Error('no database')) })
    const answer = await fetch(`${url}/health/live`)
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }])
    expect((await fetch(`${url}/health/live`, { method: 'HEAD' })).status).toBe(200)
  })

  test('is ready when every check passes', async () => {
    const { url } = await serve()
    const answer = await fetch(`${url}/health/ready`)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ status: 'ok', checks: [{ name: 'database', ok: true }] })
    expect((await fetch(`${url}/health/ready`, { method: 'HEAD' })).status).toBe(200)
  })

  test('is not ready when one fails, and says which and when to ask again', async () => {
    const checks: HealthCheck[] = [
      { name: 'database', ok: true },
      { name: 'migrations', ok: false, reason: '2 migrations of the shared schema are missing.' },
    ]
    const { url } = await serve({ readiness: async () => checks })
    const answer = await fetch(`${url}/health/ready`)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
    expect(await answer.json()).toEqual({ status: 'unavailable', checks })
  })

  test('is not ready when the checks themselves break, and tells no secrets', async () => {
    const { url } = await serve({ readiness: () => Promise.reject(new Error('password hunter2 refused')) })
    const answer = await fetch(`${url}/health/ready`)
    expect(answer.status).toBe(503)
    expect(await answer.text()).not.toContain('hunter2')
  })

  test('asks once for many probes at the same time', async () => {
    let asked = 0
    const { url } = await serve({
      readiness: async () => {
        asked++
        return []
      },
    })
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/health/ready`)))
    expect(asked).toBe(1)
  })
})
