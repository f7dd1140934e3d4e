import { ID } from 'type-graphql'
import type { Json } from '../../database/row-types.js'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { defineEnum } from '../../entity/enums.js'
import { SortDirection } from '../../entity/ordering.js'
import { DateTime, JSONObject, WebAddress } from '../../entity/scalars.js'
import { namesNotShared } from './names-not-shared.js'

export enum ToolType {
  LLM = 'llm',
  ASSISTANT = 'assistant',
  CODE_ASSISTANT = 'code_assistant',
  IMAGE = 'image',
  AUDIO = 'audio',
  VIDEO = 'video',
  SEARCH = 'search',
  AGENT = 'agent',
  EMBEDDING = 'embedding',
  OTHER = 'other',
}
defineEnum('ToolType', ToolType, 'What a tool is for.', {
  LLM: 'A language model used directly.',
  ASSISTANT: 'A general assistant.',
  CODE_ASSISTANT: 'Helps to write software.',
  IMAGE: 'Makes or reads pictures.',
  AUDIO: 'Makes or reads sound.',
  VIDEO: 'Makes or reads video.',
  SEARCH: 'Answers with sources.',
  AGENT: 'Acts by itself.',
  EMBEDDING: 'Turns text into vectors.',
  OTHER: 'Anything else.',
})

export enum ToolOrigin {
  SHARED = 'shared',
  IN_HOUSE = 'in_house',
}
defineEnum('ToolOrigin', ToolOrigin, 'To whom a tool’s entry belongs.', {
  SHARED: 'To the catalogue all organizations share; its operator writes it.',
  IN_HOUSE: 'To the organization, which writes it itself and alone sees it.',
})

/** A row of the shared catalogue, written through the platform API only, or one of the organization's own. */
@Entity({
  description: 'An AI tool whose use is tracked: of the shared catalogue, or the organization’s own.',
})
export class Tool {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => ToolOrigin, { description: 'To whom the entry belongs.' })
  readonly origin!: ToolOrigin

  @Column(() => String, {
    description: 'Name, unique in the shared catalogue and among an organization’s own tools.',
  })
  readonly name!: string

  @Column(() => ToolType, { description: 'What the tool is for.' })
  readonly type!: ToolType

  @Column(() => String, { nullable: true, description: 'Who sells it.' })
  readonly vendor!: string | null

  @Column(() => String, { nullable: true, description: 'What it does.' })
  readonly description!: string | null

  @Column(() => WebAddress, { nullable: true, description: 'Address of its website.' })
  readonly website!: string | null

  @Column(() => Boolean, { description: 'True when programs can call it.' })
  readonly apiAvailable!: boolean

  @Column(() => String, { nullable: true, description: 'How its use is reported to us.' })
  readonly integrationMethod!: string | null

  @Column(() => [String], { description: 'Names under which reports call it.' })
  readonly aliases!: string[]

  @Column(() => JSONObject, { description: 'Further facts.' })
  readonly extra!: Json

  @Column(() => DateTime, { description: 'When the entry was made.' })
  readonly createdAt!: string

  @Column(() => DateTime, { description: 'When the entry last changed.' })
  readonly updatedAt!: string
}

/** What is written of a tool, whoever writes it. */
export const writtenToolFields = [
  'name',
  'type',
  'vendor',
  'description',
  'website',
  'apiAvailable',
  'integrationMethod',
  'aliases',
  'extra',
] as const

export const tools = defineEntity(Tool, {
  table: 'in_house_tools',
  shared: { table: 'tool_catalog', name: 'the shared catalogue' },
  module: 'core',
  singular: 'tool',
  plural: 'tools',
  permission: 'tool',
  filter: ['id', 'origin', 'name', 'type', 'vendor', 'apiAvailable', 'extra', 'createdAt'],
  orderBy: ['name', 'origin', 'type', 'vendor', 'createdAt'],
  search: ['name', 'vendor', 'description'],
  alternateKey: ['name'],
  defaultOrder: [{ field: 'name', direction: SortDirection.ASC }],
  aggregate: { groupBy: ['origin', 'type', 'vendor', 'apiAvailable', 'createdAt'], measures: [] },
  create: writtenToolFields,
  update: writtenToolFields,
  defaulted: ['type', 'apiAvailable', 'aliases', 'extra'],
  delete: true,
  softDelete: true,
  restore: { within: [] },
  bulk: true,
  naturalKey: { fields: ['name'], ignoringCase: ['name'] },
  writeRule: namesNotShared,
})
