import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { knockAt, ofNoOrganization, subjects } from './tenancy/bus-probes.js';
import { ask, type Findings } from './tenancy/inquiry.js';
import { newNames, type Names } from './tenancy/names.js';
import { ofNoOrganization as refusedToOrganizations, routesOf } from './tenancy/rest-probes.js';
import { TwoOrganizations } from './tenancy/stage.js';

const LANES = 5;
/** For accounts that an organization connects for itself; here end users do. */
const notHere = 'DELETE /v1/credentials/{id}/connections';
const ANSWERED = /^(2\d\d|409|ok|published|tool_exists)$/;

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
    const refused = [...asked].filter(
      ([what, statuses]) =>
        !refusedToOrganizations.test(what) &&
        what !== notHere &&
        ![...statuses].some((status) => ANSWERED.test(status)),
    );
    expect(refused).toEqual([]);
    expect(stage.theirCursors.length).toBeGreaterThan(3);
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

  it('neither sees nor stops what the other has under way', async () => {
    const underWay = await stage.beginTheirExecution();
    const names = { ...newNames(), executionId: underWay.executionId };
    // Which record an executor makes of an execution is believed: it runs those of all organizations.
    const asked = stage
      .probes()
      .filter(({ fields, what }) => fields.includes('executionId') && !what.includes('recorded'));
    const statusesOf = (named: Names) =>
      Promise.all(asked.map(async (probe) => (await ask(probe, named)).status));
    const [seen, expected] = [await statusesOf(names), await statusesOf(newNames())];

    expect(asked.length).toBeGreaterThan(10);
    expect(seen).toEqual(expected);
    expect(await underWay.end()).toMatchObject({ executionId: underWay.executionId, status: 'succeeded' });
  });

  it('is turned away by the bus wherever the other is addressed or heard', async () => {
    const orchestrator = stage.users.get('orchestrator')!.connection;
    const outcomes = await knockAt(orchestrator, stage.theirs.orgId, newNames());

    expect(outcomes.size).toBeGreaterThan(15);
    for (const [what, outcome] of outcomes)
      expect([what, outcome]).toEqual([what, expect.stringMatching(/permissions violation/i)]);
  });
});
