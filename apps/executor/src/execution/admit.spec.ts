import { toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { admit } from './admit.js';

type Overrides = Parameters<typeof toolDefinition>[0];

describe('a tool at the door', () => {
  it.each<[string, Overrides]>([
    ['of burden `ambient`', { burden: 'ambient' }],
    ['of burden `conversational`', { burden: 'conversational' }],
    ['that runs while the caller waits', { execution: { mode: 'sync' } }],
    ['that requires no claim', { verification: { requires: [] } }],
    ['that only grants a claim', { verification: { grants: { claim: 'identity' } } }],
  ])('is admitted %s', (_name, overrides) => {
    expect(admit(toolDefinition(overrides))).toBeUndefined();
  });

  it.each<[string, Overrides, string]>([
    ['of burden `requested`', { burden: 'requested' }, 'burden_not_supported'],
    ['of burden `confirmed`', { burden: 'confirmed' }, 'burden_not_supported'],
    ['of burden `verified`', { burden: 'verified' }, 'burden_not_supported'],
    ['that requires a claim', { verification: { requires: ['identity'] } }, 'verification_not_supported'],
    ['that runs in the background', { execution: { mode: 'async' } }, 'async_not_supported'],
  ])('is refused %s, and never run without its rules', (_name, overrides, code) => {
    expect(admit(toolDefinition(overrides))).toMatchObject({ code, hint: expect.stringContaining('Say') });
  });
});
