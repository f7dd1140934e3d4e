import { azureLlmTrace } from './azure-llm-trace.js'
import type { TraceFormat } from './trace-row.js'

/** Every kind of file that can be imported. */
export const traceFormats: readonly TraceFormat[] = [azureLlmTrace]
