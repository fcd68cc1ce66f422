import { ServiceError } from '#contracts/errors';
import { Deadline } from '#messaging/deadline';
import type { CompiledTool } from '#toolcall/compile-tool';
import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Ending } from '../execution/ending.js';
import type { ExecutionRun } from '../execution/execution-run.js';
import type { CallStateService } from './call-state.service.js';
import { CallValues } from './call-values.service.js';

Logger.overrideLogger(false);

const outage = new ServiceError('service_unavailable', 'away');
const succeeded: Ending = {
  status: 'succeeded',
  outcome: 'ok',
  variables: { customer: { id: 1 }, api_response_status: 200 },
};

function runOf(changes: Partial<ExecutionRun> = {}): ExecutionRun {
  const request = { toolKey: 'x', callId: 'c-1' };
  const span = { child: () => ({ fail: () => undefined, end: () => undefined }) };
  const tags = { orgId: 'o-1', toolKey: 'x' };
  return {
    orgId: 'o-1',
    isTest: false,
    request,
    tags,
    deadline: Deadline.in(5000),
    span,
    ...changes,
  } as unknown as ExecutionRun;
}

function facing() {
  const get = jest.fn<CallStateService['get']>();
  const merge = jest.fn<CallStateService['merge']>();
  merge.mockResolvedValue({ callId: 'c-1', variables: {} });
  return { get, merge, values: new CallValues({ get, merge } as unknown as CallStateService) };
}

describe('what a tool leaves for its call', () => {
  it('is all of its variables but the status, and the reply waits 200 ms at most', async () => {
    const { merge, values } = facing();

    await values.keep(runOf(), succeeded);

    expect(merge).toHaveBeenCalledTimes(1);
    const [call, changes, deadline] = merge.mock.calls[0]!;
    expect([call, changes]).toEqual([{ orgId: 'o-1', callId: 'c-1' }, { customer: { id: 1 } }]);
    expect(deadline.remainingMs()).toBeLessThanOrEqual(200);
  });

  it.each<[string, Partial<ExecutionRun>, Partial<Ending>]>([
    ['without a call', { request: { toolKey: 'x' } }, {}],
    ['that is a test', { isTest: true }, {}],
    ['that failed', {}, { status: 'failed' }],
    ['of which nobody knows', {}, { status: 'unknown' }],
    ['that returned nothing', {}, { variables: { api_response_status: 204 } }],
  ])('is nothing of an execution %s: no bus, not even a promise', (_what, run, ending) => {
    const { merge, values } = facing();

    expect(values.keep(runOf(run), { ...succeeded, ...ending })).toBeUndefined();
    expect(merge).not.toHaveBeenCalled();
  });

  it('is given up for a while after it could not be kept, without failing anything', async () => {
    const { merge, values } = facing();
    merge.mockRejectedValue(outage);

    await values.keep(runOf(), succeeded);

    expect(values.keep(runOf(), succeeded)).toBeUndefined();
    expect(merge).toHaveBeenCalledTimes(1);
  });
});

describe('what a tool reads of its call', () => {
  const tool = { callVariables: ['customer'] } as unknown as CompiledTool;

  it('is what it has declared', async () => {
    const { get, values } = facing();
    get.mockResolvedValue({ callId: 'c-1', variables: { customer: 1, other: 2 } });
    const run = runOf();

    expect(await values.read(run, tool)).toBeUndefined();
    expect(run.callVariables).toEqual({ customer: 1 });
  });

  it('ends the execution when it cannot be read', async () => {
    const { get, values } = facing();
    get.mockRejectedValue(outage);

    expect(await values.read(runOf(), tool)).toMatchObject({
      status: 'failed',
      error: { code: 'call_state_unavailable', retryable: true },
    });
  });

  it.each<[string, Partial<ExecutionRun>]>([
    ['without a call', { request: { toolKey: 'x' } }],
    ['that is a test', { isTest: true }],
  ])('is nothing for an execution %s', async (_what, changes) => {
    const { get, values } = facing();

    expect(await values.read(runOf(changes), tool)).toBeUndefined();
    expect(get).not.toHaveBeenCalled();
  });
});
