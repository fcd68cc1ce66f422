import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { knockAt, ofNoOrganization, subjects } from './tenancy/bus-probes.js';
import type { Findings } from './tenancy/inquiry.js';
import { newNames } from './tenancy/names.js';
import { routesOf } from './tenancy/rest-probes.js';
import { TwoOrganizations } from './tenancy/stage.js';

const LANES = 7;

describe('an organization that asks every route and subject for what is another’s', () => {
  let stage: TwoOrganizations;
  let before: Record<string, unknown>;
  let findings: Findings;

  beforeAll(async () => {
    stage = await TwoOrganizations.set(LANES);
    before = await stage.snapshot();
    findings = await stage.inquireAll();
  }, 180_000);
  afterAll(() => stage.strike(), 30_000);

  it('has asked all of them, in ways that are answered where it asks for its own', async () => {
    const asked = await stage.askForOurOwn();
    const askable = subjects.filter((one) => !ofNoOrganization.includes(one)).map(({ subject }) => subject);

    expect([...asked.keys()].sort()).toEqual([...routesOf(stage.document), ...askable].sort());
    for (const [what, statuses] of asked) {
      expect({ what, statuses: [...statuses].join(' ') }).toEqual({
        what,
        statuses: expect.stringMatching(/\b(2\d\d|409|ok|published|tool_exists)\b/),
      });
    }
    expect(findings.count).toBeGreaterThan(5000);
  });

  it('is answered nothing of it', () => {
    expect([...findings.leaks]).toEqual([]);
  });

  it('cannot tell it from what never existed', () => {
    expect([...findings.differences]).toEqual([]);
  });

  it('changes nothing of it, and nothing reaches the other’s API', async () => {
    expect(await stage.snapshot()).toEqual(before);
    expect(stage.theirApi.requests).toEqual([]);
  });

  it('is turned away by the bus wherever the other is addressed or heard', async () => {
    const orchestrator = stage.users.get('orchestrator')!.connection;
    const outcomes = await knockAt(orchestrator, stage.theirs.orgId, newNames());

    expect(outcomes.size).toBeGreaterThan(15);
    for (const [what, outcome] of outcomes)
      expect([what, outcome]).toEqual([what, expect.stringMatching(/permissions violation/i)]);
  });
});
