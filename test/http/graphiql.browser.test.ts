import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { findChromium, launchChromium, offlineContext } from './chromium.js'
import { eventually } from './support.js'
import {
  createOrganization,
  makePlatformAdmin,
  tenantGateway,
  type Organization,
  type TenantGateway,
} from './tenant-gateway.js'

const chromium = findChromium()
const mustRun = process.env['CI'] !== undefined && process.env['CI'] !== ''
if (chromium === undefined && !mustRun) {
  console.warn(
    'NOT RUN: the browser tests of GraphiQL, because no Chromium was found (CHROMIUM_PATH, or chromium in PATH).',
  )
}

const RECORD = `mutation ($events: [RecordUsageInput!]!) { recordUsage(events: $events) { accepted } }`

describe.skipIf(chromium === undefined && !mustRun)(
  'GraphiQL in a real browser',
  { timeout: 120_000 },
  () => {
    let browser: Browser
    let database: TestDatabase
    let acme: Organization
    let other: Organization
    beforeAll(async () => {
      if (chromium === undefined)
        throw new Error('No Chromium was found, and CI must not go without these tests.')
      browser = await launchChromium(chromium)
      database = await freshDatabase()
      acme = await createOrganization(database)
      other = await createOrganization(database)
      await makePlatformAdmin(database, acme.ownerId)
    })
    afterAll(async () => {
      await browser?.close()
      await database?.drop()
    })

    interface Opened {
      readonly page: Page
      readonly gateway: TenantGateway
      readonly foreignRequests: readonly string[]
      /** What the page complained about: script errors, and what its Content-Security-Policy refused. */
      readonly complaints: readonly string[]
    }

    async function open(path: string, demo = true): Promise<Opened> {
      const gateway = await tenantGateway(database, demo ? { demo: acme } : {})
      const { context, foreignRequests } = await offlineContext(browser, gateway.url)
      onTestFinished(() => context.close())
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => {
        // A request that is refused as a whole shows up as a failed resource: that is an answer, not a complaint.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
          complaints.push(message.text())
        }
      })
      await page.goto(gateway.url + path)
      await page.locator('.graphiql-query-editor .CodeMirror-code').waitFor()
      return { page, gateway, foreignRequests, complaints }
    }

    const HEADERS = '.graphiql-editor-tool .graphiql-editor:not(.hidden)'

    /** The documentation lists the schema's entry points once the schema is known. */
    async function showsSchema(page: Page): Promise<void> {
      const documentation = page.locator('.graphiql-plugin')
      const show = page.getByRole('button', { name: /show documentation explorer/i })
      if ((await show.count()) > 0) await show.click()
      await eventually(() => documentation.innerText()).toMatch(/query:\s*Query/)
    }

    async function closeDialog(page: Page): Promise<void> {
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }

    const answerOf = (page: Page) => page.locator('.result-window .CodeMirror-code')

    /** Replaces the text of an editor as a person would. */
    async function retype(page: Page, editor: string, text: string): Promise<void> {
      // Into its upper left corner: the middle of the text may be scrolled out of sight.
      await page.locator(`${editor} .CodeMirror-scroll`).click({ position: { x: 100, y: 20 } })
      await page.keyboard.press('Control+A')
      await page.keyboard.press('Delete')
      await page.keyboard.insertText(text)
    }

    /** Presses the round button; where a tab holds several queries, it asks which. */
    async function run(page: Page, operation: string): Promise<void> {
      await page.getByRole('button', { name: /execute query/i }).click()
      const choice = page.getByRole('menuitem', { name: operation })
      await choice
        .or(page.locator('.result-window .CodeMirror-line', { hasText: '{' }))
        .first()
        .waitFor()
      if (await choice.isVisible()) await choice.click()
    }

    /** Types a named query and waits until the editor, which lags a moment behind, has read its name. */
    async function typeQuery(page: Page, name: string, selection: string): Promise<void> {
      await retype(page, '.graphiql-query-editor', `query ${name} ${selection}`)
      await page.locator('.graphiql-tab', { hasText: name }).waitFor()
    }

    async function recordUsage(gateway: TenantGateway): Promise<void> {
      const events = [1, 2, 3].map((minute) => ({
        eventId: `browser-${minute}`,
        occurredAt: `2026-01-05T10:0${minute}:00Z`,
        userId: null,
        provider: 'openai',
        modelName: 'gpt-4o-mini',
        inputTokens: 1_000 * minute,
        outputTokens: 100,
      }))
      const { body } = await gateway.askAs(acme.ownerId, acme.tenant, RECORD, { events })
      expect(body.errors).toBeUndefined()
    }

    test('runs the first example with prefilled headers and shows rows, without any other host', async () => {
      const { page, gateway, foreignRequests, complaints } = await open('/graphql')
      await recordUsage(gateway)
      expect(await page.title()).toBe('Orgscope: tenant API')
      await run(page, 'LatestUsage')
      await eventually(() => answerOf(page).innerText()).toContain('"occurredAt"')
      expect(foreignRequests).toEqual([])
      expect(complaints).toEqual([])
    })

    test('knows the schema and shows it as documentation', async () => {
      const { page, complaints } = await open('/graphql')
      await showsSchema(page)
      expect(complaints).toEqual([])
    })

    test('needs nothing that its Content-Security-Policy forbids, in any of its parts', async () => {
      const { page, foreignRequests, complaints } = await open('/graphql')
      await showsSchema(page)
      await page.getByRole('button', { name: /show history/i }).click()
      await page.getByRole('button', { name: /prettify/i }).hover()
      await page.getByRole('button', { name: /open settings dialog/i }).click()
      await page.getByRole('button', { name: 'Dark' }).click()
      await closeDialog(page)
      await page.getByRole('button', { name: /short keys/i }).click()
      await closeDialog(page)
      await retype(page, '.graphiql-query-editor', '{ ')
      await page.keyboard.type('usage')
      await page.locator('.CodeMirror-hints').waitFor()
      expect(complaints).toEqual([])
      expect(foreignRequests).toEqual([])
    })

    test('shows a readable error for a foreign organization, with headers edited by hand', async () => {
      const { page, gateway } = await open('/graphql')
      const token = await gateway.issuer.sign({ identityId: acme.ownerId, expiresIn: 600 })
      await retype(
        page,
        HEADERS,
        JSON.stringify({ 'org-id': other.tenant, authorization: `Bearer ${token}` }),
      )
      await run(page, 'LatestUsage')
      await eventually(() => answerOf(page).innerText()).toContain('TENANT_NOT_FOUND')
      expect(await answerOf(page).innerText()).toContain(`There is no organization ${other.tenant}`)
    })

    test('runs a query typed and sent with the keyboard alone', async () => {
      const { page } = await open('/graphql')
      await typeQuery(page, 'Mine', '{ organization { orgKey } }')
      await page.keyboard.press('Control+Enter')
      await eventually(() => answerOf(page).innerText()).toContain(acme.tenant)
    })

    test('lists saved queries, loads one with its variables, and saves what is in the editor', async () => {
      const { page, gateway, complaints, foreignRequests } = await open('/graphql')
      const save = `mutation ($input: CreateSavedQueryInput!) { createSavedQuery(input: $input) { savedQuery { id } } }`
      const document =
        'query Keys($first: Int) { organization { orgKey } teams(first: $first) { totalCount } }'
      const input = { name: 'Kept before', document, variables: { first: 3 }, visibility: 'SHARED' }
      const { body } = await gateway.askAs(acme.ownerId, acme.tenant, save, { input })
      expect(body.errors).toBeUndefined()

      await page.getByRole('button', { name: /show saved queries/i }).click()
      const panel = page.getByRole('region', { name: 'Saved queries' })
      await panel.getByRole('button', { name: 'Kept before' }).click()
      const editor = page.locator('.graphiql-query-editor .CodeMirror-code')
      await eventually(() => editor.innerText()).toContain('query Keys')
      await page.getByRole('button', { name: 'Variables' }).click()
      const variables = page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror-code')
      await eventually(() => variables.innerText()).toContain('"first": 3')
      await page.getByRole('button', { name: /execute query/i }).click()
      await eventually(() => answerOf(page).innerText()).toContain(acme.tenant)

      await typeQuery(page, 'Later', '{ organization { name } }')
      for (const name of ['Kept later', 'Kept later']) {
        await panel.getByRole('textbox', { name: 'Name' }).fill(name)
        await panel.getByRole('button', { name: /save what/i }).click()
        await eventually(() => panel.getByRole('status').innerText()).toContain('Saved Kept later')
      }
      expect(await panel.getByRole('listitem').allInnerTexts()).toEqual([
        expect.stringContaining('Kept before') as string,
        expect.stringContaining('Kept later') as string,
      ])
      expect(complaints).toEqual([])
      expect(foreignRequests).toEqual([])
    })

    test('asks for headers where none are given, says what is missing, and keeps typed ones over a reload', async () => {
      const { page, gateway } = await open('/graphql', false)
      expect(await page.locator(`${HEADERS} .CodeMirror-code`).innerText()).toContain('org-id')
      await run(page, 'LatestUsage')
      await eventually(() => answerOf(page).innerText()).toContain('UNAUTHENTICATED')

      const token = await gateway.issuer.sign({ identityId: acme.ownerId, expiresIn: 600 })
      const headers = JSON.stringify({ 'org-id': acme.tenant, authorization: `Bearer ${token}` })
      await retype(page, HEADERS, headers)
      await page.getByRole('button', { name: /re-fetch graphql schema/i }).click()
      await showsSchema(page)
      await run(page, 'LatestUsage')
      await eventually(() => answerOf(page).innerText()).toContain('"usageEvents"')
      const stored = () => page.evaluate(`sessionStorage.getItem('/graphql graphiql:headers')`)
      await eventually(stored).toContain(token)
      await page.reload()
      await eventually(() => page.locator(`${HEADERS} .CodeMirror-code`).innerText()).toContain(acme.tenant)
      await showsSchema(page)
    })

    test('keeps no credential in the browser beyond its tab', async () => {
      const { page } = await open('/graphql')
      await run(page, 'LatestUsage')
      await eventually(() => answerOf(page).innerText()).toContain('{')
      expect(await page.evaluate('JSON.stringify({ ...localStorage })')).not.toContain('Bearer')
    })

    test.each([
      ['/account/graphql', 'Orgscope: account API', 'MyOrganizations', 'myOrganizations'],
      ['/platform/graphql', 'Orgscope: platform API', 'Fleet', 'isUpToDate'],
    ])('is there on %s too, where its first example runs', async (path, title, operation, field) => {
      const { page, foreignRequests, complaints } = await open(path)
      expect(await page.title()).toBe(title)
      await run(page, operation)
      await eventually(() => answerOf(page).innerText()).toContain(`"${field}"`)
      expect(foreignRequests).toEqual([])
      expect(complaints).toEqual([])
    })
  },
)
