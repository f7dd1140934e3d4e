import { sql } from 'kysely'
import { ID } from 'type-graphql'
import type { Json } from '../../database/row-types.js'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { defineEnum } from '../../entity/enums.js'
import { personOf } from '../../entity/operation-context.js'
import { SortDirection } from '../../entity/ordering.js'
import { DateTime, JSONObject } from '../../entity/scalars.js'
import { User } from '../organization/user.entity.js'

export enum QueryVisibility {
  PRIVATE = 'private',
  SHARED = 'shared',
  PUBLIC = 'public',
}
defineEnum('QueryVisibility', QueryVisibility, 'Who finds a saved query.', {
  PRIVATE: 'Its owner only.',
  SHARED: 'Every person of the organization.',
  PUBLIC: 'Every person of the organization, and its API keys.',
})

/** Kept by its owner; what it answers depends on who runs it. */
@Entity({ description: 'A GraphQL query with its variables, kept under a name.' })
export class SavedQuery {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => String, { description: 'Name, unique among the queries of its owner, 1 to 200 characters.' })
  readonly name!: string

  @Column(() => String, { nullable: true, description: 'What it is good for.' })
  readonly description!: string | null

  @Column(() => String, { description: 'The GraphQL document, with one query.' })
  readonly document!: string

  @Column(() => JSONObject, { description: 'Values of its variables.' })
  readonly variables!: Json

  @Column(() => ID, { references: () => User, description: 'Whose it is.' })
  readonly ownerId!: string

  @Column(() => QueryVisibility, { description: 'Who finds it.' })
  readonly visibility!: QueryVisibility

  @Column(() => DateTime, { description: 'When it was saved first.' })
  readonly createdAt!: string

  @Column(() => DateTime, { description: 'When it last changed.' })
  readonly updatedAt!: string
}

export const savedQueries = defineEntity(SavedQuery, {
  table: 'saved_queries',
  module: 'core',
  singular: 'savedQuery',
  plural: 'savedQueries',
  permission: 'saved_query',
  readRule: (context, row) => {
    const person = personOf(context)
    const ref = sql.raw(row)
    return person === null
      ? sql`${ref}.visibility = ${QueryVisibility.PUBLIC}`
      : sql`(${ref}.owner_id = ${person} or ${ref}.visibility in (${QueryVisibility.SHARED}, ${QueryVisibility.PUBLIC}))`
  },
  filter: ['id', 'name', 'description', 'ownerId', 'visibility', 'createdAt', 'updatedAt'],
  orderBy: ['name', 'visibility', 'createdAt', 'updatedAt'],
  defaultOrder: [{ field: 'name', direction: SortDirection.ASC }],
})
