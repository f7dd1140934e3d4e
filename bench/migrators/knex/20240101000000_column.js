import { statements } from '../statements.js'

export async function up(knex) {
  for (const statement of statements('knex')) await knex.raw(statement)
}
export async function down() {}
