#!/usr/bin/env node
import { run } from './run.js'

const { stdin, stdout, stderr } = process
// A reader that has seen enough (`| head`) ends the command without a word.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
process.exitCode = await run(process.argv.slice(2), { streams: { stdin, stdout, stderr } })
