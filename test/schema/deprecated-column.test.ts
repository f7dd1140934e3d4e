import 'reflect-metadata'
import { printSchema } from 'graphql'
import { ObjectType, Query, Resolver } from 'type-graphql'
import { expect, test } from 'vitest'
import { Column } from '../../src/entity/column.js'
import { buildApiSchema } from '../../src/graphql/build-schema.js'

const reason = 'Use name. Removed after 2027-06-30.'

@ObjectType({ description: 'A thing.' })
class Thing {
  @Column(() => String, { nullable: true, description: 'Its old name.', deprecationReason: reason })
  readonly title!: string | null
}

@Resolver()
class Things {
  @Query(() => Thing, { nullable: true, description: 'The thing.' })
  thing(): Thing | null {
    return null
  }
}

test('a column is deprecated with a reason, which the schema shows', () => {
  expect(printSchema(buildApiSchema([Things]))).toContain(`title: String @deprecated(reason: "${reason}")`)
})
