// Takes the picture of GraphiQL in README and docs: `node scripts/screenshot.js URL`, with the demo running there.
import { chromium } from 'playwright-core'

const [url = 'http://localhost:4000'] = process.argv.slice(2)
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-sync',
  ],
})
const page = await browser.newPage({ viewport: { width: 1360, height: 860 } })
await page.goto(`${url}/graphql`)
await page.locator('.graphiql-query-editor .CodeMirror-code').waitFor()
await page.getByRole('button', { name: /execute query/i }).click()
const menu = page.getByRole('menuitem').first()
if (await menu.isVisible({ timeout: 1_000 }).catch(() => false)) await menu.click()
await page.locator('.result-window .CodeMirror-code').waitFor()
await page.waitForTimeout(1_000)
await page.screenshot({ path: 'docs/images/graphiql.png' })
await browser.close()
