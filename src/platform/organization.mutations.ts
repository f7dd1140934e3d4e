import { Arg, Ctx, Mutation, Resolver } from 'type-graphql'
import { controlOrganization, createOrganization, requireConfirmation } from './control-organization.js'
import {
  CreateOrganizationInput,
  CreateOrganizationPayload,
  DeleteOrganizationPayload,
  ResumeOrganizationPayload,
  SuspendOrganizationPayload,
} from './organization.inputs.js'
import type { PlatformContext } from './platform-context.js'
import { resumeTenant, suspendTenant } from '../tenancy/provisioner.js'
import { deleteTenant } from '../tenancy/tenant-deletion.js'
import { checkedText } from './checked-text.js'

const KEY = { description: 'Its key, as in the header `org-id`.' }

@Resolver()
export class OrganizationMutations {
  @Mutation(() => CreateOrganizationPayload, {
    nullable: true,
    description:
      'Makes an organization with its schema and its first owner. The same input again changes nothing, and finishes what an interrupted call has left.',
  })
  createOrganization(
    @Arg('input', () => CreateOrganizationInput, { description: 'The organization as it shall be.' })
    input: CreateOrganizationInput,
    @Ctx() context: PlatformContext,
  ): Promise<CreateOrganizationPayload> {
    return createOrganization(context, input)
  }

  @Mutation(() => SuspendOrganizationPayload, {
    nullable: true,
    description: 'Stops serving an organization, at once; its data is kept. Doing it again changes nothing.',
  })
  suspendOrganization(
    @Arg('key', () => String, KEY) key: string,
    @Arg('reason', () => String, {
      description: 'Why, for the audit trail, 1 to 500 characters. Name no person.',
    })
    reason: string,
    @Ctx() context: PlatformContext,
  ): Promise<SuspendOrganizationPayload> {
    const why = checkedText(reason, 'reason', 500)
    return controlOrganization(context, key, (admin, tenant, by) =>
      suspendTenant(admin, tenant, { by, reason: why }),
    )
  }

  @Mutation(() => ResumeOrganizationPayload, {
    nullable: true,
    description: 'Serves a suspended organization again. Doing it again changes nothing.',
  })
  resumeOrganization(
    @Arg('key', () => String, KEY) key: string,
    @Ctx() context: PlatformContext,
  ): Promise<ResumeOrganizationPayload> {
    return controlOrganization(context, key, (admin, tenant, by) => resumeTenant(admin, tenant, { by }))
  }

  @Mutation(() => DeleteOrganizationPayload, {
    nullable: true,
    description:
      'Stops serving an organization for good. Its data is dropped after 30 days of grace; its key is never used again.',
  })
  deleteOrganization(
    @Arg('key', () => String, KEY) key: string,
    @Arg('confirm', () => String, { description: 'The key once more, so that no slip deletes anything.' })
    confirm: string,
    @Ctx() context: PlatformContext,
  ): Promise<DeleteOrganizationPayload> {
    requireConfirmation(key, confirm, 'delete the organization')
    return controlOrganization(context, key, (admin, tenant, by) =>
      deleteTenant(admin, tenant, { immediately: false, by }),
    )
  }
}
