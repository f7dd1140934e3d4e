import type { Permission } from '../tenancy/role-permissions.js'
import { crudResolver } from './crud-resolver.js'
import type { EntityDefinition } from './entity.js'
import type { ResolverClass } from './relations.js'

/** What a root field needs before its resolver runs. */
export interface RootRule {
  readonly module: string
  /** Without it the field is refused – unless `orOwn`, which leaves the narrowing to the rows' owner. */
  readonly permission: Permission
  readonly orOwn?: boolean
  /** A second permission, for fields that may do either of two things. */
  readonly also?: Permission
}

/** For the few fields that whoever got into the organization may read, such as `viewer`. */
export type AnyMember = 'anyMember'

export interface RootRules {
  readonly Query?: Readonly<Record<string, RootRule | AnyMember>>
  readonly Mutation?: Readonly<Record<string, RootRule>>
  readonly Subscription?: Readonly<Record<string, RootRule | AnyMember>>
}

export interface ModuleOptions {
  readonly name: string
  /** Entities whose lists, objects and writes the kernel generates. */
  readonly entities: readonly EntityDefinition[]
  /** Relation fields, made by `toOne` and `toMany`. */
  readonly relations?: readonly ResolverClass[][]
  /** What the kernel does not generate. */
  readonly resolvers?: readonly ResolverClass[]
  /** Rules of the root fields of `resolvers`. */
  readonly rules?: RootRules
}

/** A bounded context, ready to be composed into the schema. */
export interface Module {
  readonly name: string
  readonly entities: readonly EntityDefinition[]
  readonly resolvers: readonly ResolverClass[]
  readonly rules: readonly RootRules[]
}

export function defineModule({
  name,
  entities,
  relations = [],
  resolvers = [],
  rules,
}: ModuleOptions): Module {
  const generated = entities.map(crudResolver)
  return {
    name,
    entities,
    resolvers: [...generated.map(({ resolver }) => resolver), ...relations.flat(), ...resolvers],
    rules: [...generated.map((crud) => crud.rules), ...(rules === undefined ? [] : [rules])],
  }
}
