import { ID } from 'type-graphql'
import { Column } from '../../entity/column.js'
import { Entity, defineEntity } from '../../entity/entity.js'
import { defineEnum } from '../../entity/enums.js'
import { Currency, DateTime } from '../../entity/scalars.js'

export enum Plan {
  FREE = 'free',
  PRO = 'pro',
  ENTERPRISE = 'enterprise',
}
defineEnum('Plan', Plan, 'What the organization has subscribed to.', {
  FREE: 'Free of charge.',
  PRO: 'For teams.',
  ENTERPRISE: 'For companies.',
})

/** The organization's own row of `public`; row-level security shows no other. */
@Entity({ description: 'The organization all of this belongs to.' })
export class Organization {
  @Column(() => ID, { description: 'Opaque id.' })
  readonly id!: string

  @Column(() => String, { description: 'Key sent in the header `org-id`; never changes.' })
  readonly orgKey!: string

  @Column(() => String, { description: 'Name.' })
  readonly name!: string

  @Column(() => String, { description: 'Part of addresses.' })
  readonly slug!: string

  @Column(() => String, { nullable: true, description: 'What the organization does.' })
  readonly description!: string | null

  @Column(() => Plan, { description: 'What it has subscribed to.' })
  readonly plan!: Plan

  @Column(() => String, { nullable: true, description: 'Region in which its data is kept.' })
  readonly region!: string | null

  @Column(() => String, { description: 'Time zone by its IANA name.' })
  readonly timezone!: string

  @Column(() => Currency, { description: 'Currency of budgets and reports.' })
  readonly defaultCurrency!: string

  @Column(() => DateTime, { description: 'When it was created.' })
  readonly createdAt!: string
}

export const organizations = defineEntity(Organization, {
  table: 'organizations',
  module: 'core',
  singular: 'organization',
  plural: 'organizations',
  permission: 'organization',
  filter: ['id'],
  orderBy: ['name'],
  reads: [],
})
