import { defineEnum } from '../entity/enums.js'

/** `tenant_schemas.state`, as both the account API and the platform API show it. */
export enum OrganizationState {
  REQUESTED = 'requested',
  PROVISIONING = 'provisioning',
  ACTIVE = 'active',
  SUSPENDED = 'suspended',
  ARCHIVED = 'archived',
  DEPROVISIONING = 'deprovisioning',
  DELETED = 'deleted',
  FAILED = 'failed',
}
defineEnum('OrganizationState', OrganizationState, 'Where an organization is in its life.', {
  REQUESTED: 'Asked for; nothing was made yet.',
  PROVISIONING: 'Being made.',
  ACTIVE: 'Served.',
  SUSPENDED: 'Not served for now; its data is kept.',
  ARCHIVED: 'Not served; its data is kept in a file.',
  DEPROVISIONING: 'Not served any more; its data will be dropped.',
  DELETED: 'Gone; only its key remains.',
  FAILED: 'A step of its provisioning or deletion failed; it can be tried again.',
})
