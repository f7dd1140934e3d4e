import { describe, expect, test } from 'vitest'
import { listen, PortInUseError } from '../../src/http/listen.js'
import { closeHttpServer } from '../../src/http/shutdown.js'
import { ask, build, echoApi, type EchoApi, eventually, gate, serve } from './support.js'

/** An API whose field `act` runs until the test lets it go. */
function slowApi(): { api: EchoApi; started: Promise<void>; release(): void } {
  const started = gate()
  const released = gate()
  const api = echoApi({
    act: async () => {
      started.open()
      await released.opened
      return 'done'
    },
  })
  return { api, started: started.opened, release: () => released.open() }
}

/** Resolves when new connections are not accepted any more. */
async function refusing(url: string): Promise<void> {
  await eventually(() => fetch(`${url}/health/live`).then(String, () => 'refused')).toBe('refused')
}

describe('starting', () => {
  test('on a port in use is refused with its number and the way to choose another', async () => {
    const { url } = await serve()
    const port = Number(new URL(url).port)
    const second = await build()
    const refused = listen(second.server, '127.0.0.1', port)
    await expect(refused).rejects.toThrow(PortInUseError)
    await expect(refused).rejects.toThrow(new RegExp(`Port ${port} .*--port.*PORT`))
  })

  test('on any free port tells which', async () => {
    const { url } = await serve()
    expect(url).toMatch(/^http:\/\/localhost:[1-9]\d+$/)
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
  })
})

describe('stopping', () => {
  test('finishes running requests, ends their contexts and accepts no new ones', async () => {
    const { api, started, release } = slowApi()
    const { url, server } = await serve({ apis: [api] })
    const running = ask(`${url}/graphql`, '{ act }')
    await started
    const closed = closeHttpServer(server, 60_000)
    await refusing(url)
    release()
    const { body, headers } = await running
    expect(body).toEqual({ data: { act: 'done' } })
    expect(headers.get('connection')).toBe('close')
    await closed
    expect(api.ends).toEqual([1])
  })

  test('cuts requests that take longer than the grace', async () => {
    const { api, started, release } = slowApi()
    const { url, server } = await serve({ apis: [api] })
    const cut = expect(ask(`${url}/graphql`, '{ act }')).rejects.toThrow()
    await started
    const closed = closeHttpServer(server, 10)
    await cut
    release()
    await closed
  })
})
