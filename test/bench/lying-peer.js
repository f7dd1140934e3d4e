import { ServerResponse } from 'node:http'

/** Preloaded into every process of a benchmark: makes one of the servers answer with another name than is stored. */
if (process.argv[1]?.endsWith('naive-apollo.js')) {
  const { end } = ServerResponse.prototype
  ServerResponse.prototype.end = function (body, ...rest) {
    return end.call(
      this,
      typeof body === 'string' ? body.replace('Person 1 of', 'Parson 1 of') : body,
      ...rest,
    )
  }
}
