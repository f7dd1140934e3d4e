import { defineEnum } from '../../entity/enums.js'

/** `module_access.access_level`, but for `none`, which is no access. */
export enum ModuleAccessLevel {
  FULL = 'full',
  TRIAL = 'trial',
  READ_ONLY = 'read_only',
}
defineEnum('ModuleAccessLevel', ModuleAccessLevel, 'How far an organization may use a module.', {
  FULL: 'Everything.',
  TRIAL: 'Everything, for a while.',
  READ_ONLY: 'Reading; mutations are refused with `MODULE_READ_ONLY`.',
})
