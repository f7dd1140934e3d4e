import { Ctx, Field, Int, ObjectType, Query, Resolver } from 'type-graphql'
import { fleetStatus, type FleetStatus } from '../fleet/fleet-status.js'
import type { PlatformContext } from './platform-context.js'

@ObjectType({
  description: 'How many organizations’ schemas are how far. Those being made or deleted are not counted.',
  simpleResolvers: true,
})
export class FleetCounts {
  @Field(() => Int, { description: 'All that are served or suspended.' })
  readonly total!: number

  @Field(() => Int, { description: 'Those with every migration of their modules.' })
  readonly upToDate!: number

  @Field(() => Int, { description: 'Those with migrations to come.' })
  readonly behind!: number

  @Field(() => Int, { description: 'Those whose migration failed or was interrupted.' })
  readonly failed!: number
}

@ObjectType({ description: 'How far the organizations are with one module.', simpleResolvers: true })
export class FleetModule {
  @Field(() => String, { description: 'The module; `core` is everybody’s.' })
  readonly module!: string

  @Field(() => Int, { description: 'Number of its latest migration.' })
  readonly latest!: number

  @Field(() => Int, { description: 'How many organizations have it.' })
  readonly tenants!: number

  @Field(() => Int, { description: 'How many of those have all its migrations.' })
  readonly upToDate!: number
}

@ObjectType({ description: 'How far the schema is that all organizations share.', simpleResolvers: true })
export class SharedSchema {
  @Field(() => Int, { description: 'Number of the last migration applied.' })
  readonly version!: number

  @Field(() => Int, { description: 'Number of the latest migration.' })
  readonly latest!: number

  @Field(() => Boolean, { description: 'True when every migration was applied.' })
  readonly isUpToDate!: boolean
}

@ObjectType({ description: 'How far the whole installation is.', simpleResolvers: true })
export class Fleet {
  @Field(() => FleetCounts, { description: 'Organizations, counted.' })
  readonly tenants!: FleetCounts

  @Field(() => [FleetModule], { description: 'Versions, module by module.' })
  readonly modules!: FleetModule[]

  @Field(() => SharedSchema, { description: 'The schema that all share.' })
  readonly shared!: SharedSchema
}

@Resolver()
export class FleetResolver {
  @Query(() => Fleet, { nullable: true, description: 'How far the whole installation is.' })
  async fleet(@Ctx() context: PlatformContext): Promise<Fleet> {
    return fleetOf(await fleetStatus(context.admin(), context.migrations))
  }
}

function fleetOf({ tenants, modules, shared }: FleetStatus): Fleet {
  const failed = tenants.filter(({ unfinished }) => unfinished.length > 0)
  const others = tenants.filter(({ unfinished }) => unfinished.length === 0)
  const upToDate = others.filter(({ isUpToDate }) => isUpToDate).length
  const [stream] = shared.streams
  return {
    tenants: {
      total: tenants.length,
      upToDate,
      behind: others.length - upToDate,
      failed: failed.length,
    },
    modules: [...modules],
    shared: {
      version: stream?.version ?? 0,
      latest: stream?.latest ?? 0,
      isUpToDate: shared.isUpToDate,
    },
  }
}
