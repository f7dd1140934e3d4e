import { getMetadataStorage } from 'type-graphql'
import { allEntities } from '../../entity/entity.js'
import type { Module } from '../../entity/module.js'
import { optionalModules } from '../../tenancy/optional-modules.js'
import { announcedEntities } from '../subscriptions/entity-changed.resolver.js'

/** Which parts of the schema come from an optional module; what is not named here is there for everybody. */
export interface ModuleParts {
  /** Module by schema coordinate: `User.usageEvents`, `EntityType.USAGE_EVENT`. */
  readonly members: ReadonlyMap<string, string>
  /** Module by the name of the type of its objects. */
  readonly types: ReadonlyMap<string, string>
}

/** Reads off the resolvers which module brings which field, so that a new module has nothing to declare. */
export function modulePartsOf(modules: readonly Module[]): ModuleParts {
  const moduleOf = new Map<unknown, string>(
    modules
      .filter(({ name }) => isOptional(name))
      .flatMap(({ name, resolvers }) => resolvers.map((resolver) => [resolver, name] as const)),
  )
  const members = new Map<string, string>()
  for (const { parent, field, resolver } of resolvedFields()) {
    const module = moduleOf.get(resolver)
    if (module !== undefined) members.set(`${parent}.${field}`, module)
  }
  for (const [value, { module }] of announcedEntities) {
    if (isOptional(module)) members.set(`EntityType.${value}`, module)
  }
  const types = allEntities()
    .filter(({ module }) => isOptional(module))
    .map(({ name, module }) => [name, module] as const)
  return { members, types: new Map(types) }
}

function isOptional(module: string): boolean {
  return (optionalModules as readonly string[]).includes(module)
}

interface ResolvedField {
  readonly parent: string
  readonly field: string
  /** The class that resolves it. */
  readonly resolver: unknown
}

/** Every field with a resolver of its own that was declared for any schema. */
function resolvedFields(): ResolvedField[] {
  const { queries, mutations, subscriptions, fieldResolvers, resolverClasses, objectTypes } =
    getMetadataStorage()
  const roots = [
    ['Query', queries],
    ['Mutation', mutations],
    ['Subscription', subscriptions],
  ] as const
  const names = new Map<unknown, string>(objectTypes.map(({ target, name }) => [target, name]))
  const classes = new Map<unknown, () => unknown>(
    resolverClasses.map(({ target, getObjectType }) => [target, () => getObjectType()]),
  )
  return [
    ...roots.flatMap(([parent, fields]) =>
      fields.map(({ schemaName, target }) => ({ parent, field: schemaName, resolver: target })),
    ),
    ...fieldResolvers.map(({ schemaName, target }) => ({
      parent: names.get(classes.get(target)?.()) ?? '',
      field: schemaName,
      resolver: target,
    })),
  ]
}
