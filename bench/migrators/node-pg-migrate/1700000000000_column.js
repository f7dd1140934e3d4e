import { statements } from '../statements.js'

export const up = (pgm) => statements('npm').forEach((statement) => pgm.sql(statement))
export const down = false
