import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideAccess, type AccessRequest } from '../../src/tenancy/decide-access.js'
import { moduleUse, type ModuleAccess } from '../../src/tenancy/module-access.js'
import type { TenantModule } from '../../src/tenancy/tenant-modules.js'

const NOW = Date.parse('2026-05-01T00:00:00Z')
const DAY = 86_400_000
const at = (days: number): string => new Date(NOW + days * DAY).toISOString()

/** A module the plan does not include and that the tenant never had, with a trial of 30 days on offer. */
function module(changes: Partial<TenantModule> = {}): TenantModule {
  return {
    module: 'llm',
    displayName: null,
    access: 'none',
    expiresAt: null,
    isExpired: false,
    endsSoon: false,
    isInstalled: false,
    isEnabled: false,
    version: null,
    inPlan: false,
    moduleId: 'm',
    plans: ['pro', 'enterprise'],
    trialId: null,
    offeredTrialId: 'offer',
    offeredTrialDays: 30,
    ...changes,
  }
}

const decide = (of: Partial<TenantModule>, request: AccessRequest = {}) =>
  decideAccess(module(of), 'free', request, NOW)

describe('access', () => {
  test.each<[string, Partial<TenantModule>, AccessRequest, object]>([
    ['to what the plan includes is full', { inPlan: true }, {}, { access: 'full', expiresAt: null }],
    ['beside the plan is given when it is said', {}, { access: 'full' }, { access: 'full', expiresAt: null }],
    ['may be for reading', {}, { access: 'read_only' }, { access: 'read_only', expiresAt: null }],
    ['may end', {}, { access: 'full', expiresAt: at(2) }, { access: 'full', expiresAt: at(2) }],
    [
      'on trial lasts as long as the offer',
      {},
      { access: 'trial' },
      { access: 'trial', expiresAt: at(30), trialId: 'offer' },
    ],
    [
      'on trial goes on after an interruption',
      { trialId: 'offer', expiresAt: at(3) },
      {},
      { access: 'trial', expiresAt: at(3), trialId: 'offer' },
    ],
    [
      'on trial may be prolonged',
      { trialId: 'offer', expiresAt: at(-3) },
      { access: 'trial', expiresAt: at(5) },
      { access: 'trial', expiresAt: at(5), trialId: 'offer' },
    ],
    [
      'that is bought remembers the trial',
      { trialId: 'offer', expiresAt: at(3) },
      { access: 'full' },
      { access: 'full', expiresAt: null, trialId: 'offer' },
    ],
  ])('%s', (_, of, request, decided) => {
    expect(decide(of, request)).toMatchObject(decided)
  })

  test.each<[string, Partial<TenantModule>, AccessRequest, string, RegExp]>([
    [
      'to what the plan does not include, unless it is said',
      {},
      {},
      'BAD_USER_INPUT',
      /The plan free does not include the module llm; pro and enterprise would/,
    ],
    [
      'on a second trial',
      { trialId: 'offer', expiresAt: at(-1) },
      { access: 'trial' },
      'CONFLICT',
      /has had its trial of the module llm until 2026-04-30/,
    ],
    [
      'on a trial nobody offers',
      { offeredTrialId: null, offeredTrialDays: null },
      { access: 'trial' },
      'BAD_USER_INPUT',
      /no trial of the module llm on offer/,
    ],
    ['that ended already', {}, { access: 'full', expiresAt: at(-1) }, 'BAD_USER_INPUT', /is in the past/],
    ['until no moment', {}, { access: 'full', expiresAt: 'soon' }, 'BAD_USER_INPUT', /is not a moment/],
  ])('is refused %s', (_, of, request, code, message) => {
    expect(() => decide(of, request)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error,
    )
  })
})

const access = fc.record<ModuleAccess>({
  level: fc.constantFrom('full', 'trial', 'read_only'),
  expiresAt: fc.option(fc.integer({ min: NOW - 9 * DAY, max: NOW + 9 * DAY }), { nil: null }),
})

test('whatever ends allows nothing from that moment on, and the same until then', () => {
  fc.assert(
    fc.property(access, fc.integer({ min: NOW - 9 * DAY, max: NOW + 9 * DAY }), (given, now) => {
      const hasEnded = given.expiresAt !== null && now >= given.expiresAt
      const whole = given.level === 'read_only' ? 'reading' : 'everything'
      expect(moduleUse(given, now)).toEqual({
        allows: hasEnded ? 'nothing' : whole,
        endedAt: hasEnded ? given.expiresAt : null,
      })
    }),
  )
  expect(moduleUse(undefined, NOW)).toEqual({ allows: 'nothing', endedAt: null })
})
