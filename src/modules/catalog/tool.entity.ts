import { ID } from 'type-graphql'
import type { Json } from '../../database/row-types.js'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { defineEnum } from '../../entity/enums.js'
import { SortDirection } from '../../entity/ordering.js'
import { DateTime, JSONObject, WebAddress } from '../../entity/scalars.js'

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

/** A row of the shared catalogue, written through the platform API only. */
@Entity({ description: 'An AI tool whose use is tracked.' })
export class Tool {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => String, { description: 'Name, unique in the catalogue.' })
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

export const tools = defineEntity(Tool, {
  table: 'tool_catalog',
  module: 'core',
  singular: 'tool',
  plural: 'tools',
  permission: 'tool',
  filter: ['id', 'name', 'type', 'vendor', 'apiAvailable', 'extra', 'createdAt'],
  orderBy: ['name', 'type', 'vendor', 'createdAt'],
  search: ['name', 'vendor', 'description'],
  alternateKey: ['name'],
  defaultOrder: [{ field: 'name', direction: SortDirection.ASC }],
})
