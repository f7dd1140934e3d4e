import { ID } from 'type-graphql'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { defineEnum } from '../../entity/enums.js'
import { SortDirection } from '../../entity/ordering.js'
import { DateTime } from '../../entity/scalars.js'

export enum ProviderType {
  OPENAI = 'openai',
  ANTHROPIC = 'anthropic',
  AZURE = 'azure',
  GOOGLE = 'google',
  BEDROCK = 'bedrock',
  MISTRAL = 'mistral',
  LOCAL = 'local',
  OTHER = 'other',
}
defineEnum('ProviderType', ProviderType, 'By which API a provider’s models are called.', {
  OPENAI: 'OpenAI’s.',
  ANTHROPIC: 'Anthropic’s.',
  AZURE: 'Microsoft Azure’s.',
  GOOGLE: 'Google’s.',
  BEDROCK: 'Amazon Bedrock’s.',
  MISTRAL: 'Mistral’s.',
  LOCAL: 'One of the organization’s own.',
  OTHER: 'Another one.',
})

export enum HealthStatus {
  HEALTHY = 'healthy',
  DEGRADED = 'degraded',
  DOWN = 'down',
  UNKNOWN = 'unknown',
}
defineEnum('HealthStatus', HealthStatus, 'How well something works.', {
  HEALTHY: 'As it should.',
  DEGRADED: 'With difficulties.',
  DOWN: 'Not at all.',
  UNKNOWN: 'Not looked at yet.',
})

/** A row of the shared catalogue; credentials are elsewhere, so that tenants may read this one. */
@Entity({ description: 'A company or installation that serves models.' })
export class Provider {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => String, { description: 'Name, unique in the catalogue.' })
  readonly name!: string

  @Column(() => ProviderType, { description: 'By which API its models are called.' })
  readonly providerType!: ProviderType

  @Column(() => String, { nullable: true, description: 'Name of the model used when none is named.' })
  readonly defaultModel!: string | null

  @Column(() => Boolean, { description: 'False for providers that are no longer used.' })
  readonly isActive!: boolean

  @Column(() => HealthStatus, { description: 'How well it works.' })
  readonly healthStatus!: HealthStatus

  @Column(() => DateTime, { description: 'When the entry was made.' })
  readonly createdAt!: string

  @Column(() => DateTime, { description: 'When the entry last changed.' })
  readonly updatedAt!: string
}

export const providers = defineEntity(Provider, {
  table: 'llm_providers',
  module: 'core',
  singular: 'provider',
  plural: 'providers',
  permission: 'tool',
  filter: ['id', 'name', 'providerType', 'isActive', 'healthStatus'],
  orderBy: ['name', 'createdAt'],
  alternateKey: ['name'],
  defaultOrder: [{ field: 'name', direction: SortDirection.ASC }],
})
