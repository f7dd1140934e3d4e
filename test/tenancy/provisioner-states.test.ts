import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mayMove, organizationStatus, type TenantState } from '../../src/tenancy/tenant-states.js'

const states: TenantState[] = [
  'requested',
  'provisioning',
  'active',
  'suspended',
  'archived',
  'deprovisioning',
  'deleted',
  'failed',
]

test('the moves are exactly these', () => {
  const moves = states.flatMap((from) =>
    states
      .filter((to) => from !== 'failed' && to !== 'failed' && mayMove(from, to))
      .map((to) => `${from} → ${to}`),
  )
  expect(moves).toEqual([
    'requested → provisioning',
    'requested → deprovisioning',
    'provisioning → active',
    'provisioning → archived',
    'active → suspended',
    'active → deprovisioning',
    'suspended → active',
    'suspended → archived',
    'suspended → deprovisioning',
    'archived → provisioning',
    'archived → deprovisioning',
    'deprovisioning → active',
    'deprovisioning → suspended',
    'deprovisioning → archived',
    'deprovisioning → deleted',
  ])
})

test('any state but deleted may fail, and a failed tenant goes back to where it was or is deleted', () => {
  fc.assert(
    fc.property(fc.constantFrom(...states), fc.constantFrom(...states), (previous, to) => {
      expect(mayMove(previous, 'failed')).toBe(previous !== 'deleted' && previous !== 'failed')
      expect(mayMove('failed', to, previous)).toBe(to === previous || to === 'deprovisioning')
    }),
  )
})

test('an organization is active only while its tenant is', () => {
  expect(states.filter((state) => organizationStatus(state) === 'active')).toEqual(['active'])
})
