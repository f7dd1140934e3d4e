import { parseUtc } from '../../../database/timestamp.js'
import type { TraceFormat } from './trace-row.js'

const TIME = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?$/
const COUNT = /^\d{1,15}$/

/**
 * Requests to a production model service as the Azure Public Dataset publishes them: time in UTC with seven
 * decimals of a second (we keep six), tokens of the prompt, tokens of the answer.
 * https://github.com/Azure/AzurePublicDataset/blob/master/AzureLLMInferenceDataset2023.md
 */
export const azureLlmTrace: TraceFormat = {
  name: 'azure-llm-trace',
  description: 'Azure Public Dataset, LLM inference trace: TIMESTAMP, ContextTokens, GeneratedTokens',
  columns: ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'],
  parse([time = '', context = '', generated = '']) {
    const match = TIME.exec(time)
    const at = match === null ? undefined : parseUtc(match[1] as string, match[2] as string, match[3] ?? '')
    if (at === undefined) return `TIMESTAMP is not a time such as 2023-11-16 18:17:03.9799600: ${quote(time)}`
    if (!COUNT.test(context)) return `ContextTokens is not a count: ${quote(context)}`
    if (!COUNT.test(generated)) return `GeneratedTokens is not a count: ${quote(generated)}`
    return { at, inputTokens: Number(context), outputTokens: Number(generated) }
  },
}

function quote(field: string): string {
  return field === '' ? 'it is empty' : JSON.stringify(field.length > 60 ? `${field.slice(0, 57)}…` : field)
}
