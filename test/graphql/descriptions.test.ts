import { isEnumType, isInputObjectType, isInterfaceType, isObjectType, isSpecifiedScalarType } from 'graphql'
import { expect, test } from 'vitest'
import { buildTenantSchema } from '../../src/graphql/tenant-schema.js'

interface Described {
  readonly name: string
  readonly description?: string | null | undefined
}

const schema = buildTenantSchema()
const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
)

/** Everything of the schema that documentation can say something of, by its path. */
function* described(): Generator<readonly [string, Described]> {
  for (const type of types) {
    if (!roots.includes(type as never)) yield [type.name, type]
    if (isEnumType(type)) for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value]
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) yield [`${type.name}.${field.name}`, field]
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue
    for (const field of Object.values(type.getFields())) {
      yield [`${type.name}.${field.name}`, field]
      for (const argument of field.args) yield [`${type.name}.${field.name}(${argument.name})`, argument]
    }
  }
}

test('every type, field, argument, input field and enum value has a description', () => {
  const all = [...described()]
  expect(all.length).toBeGreaterThan(500)
  expect(all.filter(([, { description }]) => !description?.trim()).map(([path]) => path)).toEqual([])
})

test('descriptions are sentences', () => {
  const broken = [...described()].filter(([, { description }]) => !/[.…:]$/.test(description?.trim() ?? ''))
  expect(broken.map(([path]) => path)).toEqual([])
})
