import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../../src/package-root.js'

/** The trace as published, next to the package in our own workspace; not part of the repository. */
export const tracePath = join(packageRoot, '..', 'shared', 'data', 'azure-llm-trace-code.csv')

export interface Trace {
  readonly text: string
  readonly isPublished: boolean
}

/**
 * The published trace, or where it is not there (a user's clone) a generated one of the same form and size. In
 * continuous integration it has to be there.
 */
export function loadTrace(): Trace {
  if (existsSync(tracePath)) return { text: readFileSync(tracePath, 'utf8'), isPublished: true }
  if (process.env['CI'] !== undefined) throw new Error(`the trace ${tracePath} is missing`)
  console.info(`${tracePath} is not there: a generated trace of the same form is used instead`)
  return { text: generatedTrace(8_819), isPublished: false }
}

const START = Date.parse('2023-11-16T18:17:03Z')

/** Rows in the order of time, all different, the same on every call. */
export function generatedTrace(rows: number): string {
  const lines = ['TIMESTAMP,ContextTokens,GeneratedTokens']
  for (let row = 0; row < rows; row++) lines.push(traceRow(row))
  return lines.join('\r\n')
}

export function traceRow(row: number): string {
  const time = new Date(START + row * 400).toISOString().replace('T', ' ').replace('Z', '')
  return `${time}${String((row * 7919) % 1000).padStart(3, '0')}0,${(row * 37) % 7500},${(row * 53) % 900}`
}

/** What the rows of a trace sum up to, in whole numbers: cost in units of 10^-8 USD at 0.15 and 0.60 per million. */
export function sumOf(text: string): { rows: number; input: number; output: number; cost: bigint } {
  const sum = { rows: 0, input: 0, output: 0, cost: 0n }
  for (const line of text.split(/\r?\n/).slice(1)) {
    if (line === '') continue
    const [, input, output] = line.split(',')
    sum.rows++
    sum.input += Number(input)
    sum.output += Number(output)
    sum.cost += BigInt(input!) * 15n + BigInt(output!) * 60n
  }
  return sum
}

/** 10^-8 units as a decimal without trailing zeros. */
export function dollars(units: bigint): string {
  const digits = units.toString().padStart(9, '0')
  return `${digits.slice(0, -8)}.${digits.slice(-8)}`.replace(/\.?0+$/, '')
}
