import type { IncomingHttpHeaders } from 'node:http'

/** Later versions may add parts behind these four: https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACE_PARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/

/** The trace a request belongs to, by its header `traceparent`; undefined without a well-formed one. */
export function traceIdOf({ traceparent }: IncomingHttpHeaders): string | undefined {
  const [, trace, parent] = TRACE_PARENT.exec(String(traceparent ?? '')) ?? []
  return trace === undefined || /^0+$/.test(trace) || /^0+$/.test(parent as string) ? undefined : trace
}
