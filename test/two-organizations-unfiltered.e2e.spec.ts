import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Findings } from './tenancy/inquiry.js';
import { TwoOrganizations } from './tenancy/stage.js';

const withoutFilter = {
  NODE_OPTIONS: `--import ${new URL('tenancy/without-filter.mjs', import.meta.url).href}`,
};

describe('services that have forgotten to ask for one organization only', () => {
  let stage: TwoOrganizations;
  let before: Record<string, unknown>;
  let findings: Findings;

  beforeAll(async () => {
    stage = await TwoOrganizations.set(3, withoutFilter);
    before = await stage.snapshot();
    findings = await stage.inquireAll();
  }, 180_000);
  afterAll(() => stage.strike(), 30_000);

  it('are told nothing of the other by Postgres, so they answer nothing of it', () => {
    expect(findings.count).toBeGreaterThan(3000);
    expect([...findings.leaks]).toEqual([]);
    expect([...findings.differences]).toEqual([]);
  });

  it('change nothing of it', async () => {
    expect(await stage.snapshot()).toEqual(before);
    expect(stage.theirApi.requests).toEqual([]);
  });
});

describe('without row-level security, the same services', () => {
  let stage: TwoOrganizations;
  let findings: Findings;

  beforeAll(async () => {
    stage = await TwoOrganizations.set(1, withoutFilter);
    await stage.disableRowLevelSecurity();
    findings = await stage.inquireAll(['list', 'read']);
  }, 180_000);
  afterAll(() => stage.strike(), 30_000);

  it.each([
    ['catalog', 'GET /v1/tools (admin)'],
    ['vault', 'GET /v1/credentials (admin)'],
    ['executor', 'patchbay.v1.*.executions.get (orchestrator)'],
    ['audit', 'GET /v1/executions (executor)'],
    ['gateway', 'GET /v1/api-keys (admin)'],
  ])('give it away: the %s has forgotten, and it would have been noticed', (_service, what) => {
    expect([...findings.leaks]).toContainEqual(expect.stringContaining(what));
  });
});
