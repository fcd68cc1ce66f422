import { executeTool } from '#contracts/executor.contract';
import { credentialChanged } from '#contracts/vault.contract';
import { RpcClient } from '#messaging/rpc.client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { startExecutor, type RunningExecutor } from '../../test/running-executor.js';

describe('a credential that an executor has opened', () => {
  let executor: RunningExecutor;
  let credentialId: string;
  const orgId = randomUUID();

  beforeAll(async () => {
    executor = await startExecutor();
  });
  beforeEach(() => {
    credentialId = randomUUID();
    executor.vault.secrets.set(credentialId, { type: 'bearer', token: 'sk_live_51HxWq9z' });
    executor.vault.requests.length = 0;
    executor.upstream.requests.length = 0;
  });
  afterAll(() => executor.stop());

  const execute = (toolKey: string) => executor.call(executeTool, { toolKey }, { orgId });
  const sent = () => executor.upstream.requests.map(({ headers }) => headers.authorization);
  /** Announces as the vault does, and waits until executors have heard it. */
  async function change(id: string): Promise<void> {
    executor.get(RpcClient).announce(credentialChanged, { orgId, credentialId: id });
    await executor.link.connection.flush();
  }

  it('was asked for with what the catalog signed for the tool', async () => {
    await execute(executor.publish({ request: { credentialId } }, { grant: 'g1.of.tool' }));

    expect(executor.vault.requests).toEqual([
      expect.objectContaining({ orgId, credentialId, grant: 'g1.of.tool' }),
    ]);
  });

  it('is kept for other executions, and goes to no tool that does not name it', async () => {
    const namesIt = executor.publish({ request: { credentialId } });
    const namesNone = executor.publish();
    const namesAnother = executor.publish({ request: { credentialId: randomUUID() } });

    for (const toolKey of [namesIt, namesIt, namesNone]) await execute(toolKey);
    const refused = await execute(namesAnother);

    expect(sent()).toEqual(['Bearer sk_live_51HxWq9z', 'Bearer sk_live_51HxWq9z', undefined]);
    expect(refused).toMatchObject({ status: 'failed', error: { code: 'credential_unavailable' } });
    expect(executor.vault.requests).toHaveLength(2);
  });

  it('is gone as soon as it is replaced or deleted', async () => {
    const toolKey = executor.publish({ request: { credentialId } });
    await execute(toolKey);

    executor.vault.secrets.set(credentialId, { type: 'bearer', token: 'sk_live_replaced' });
    await change(credentialId);
    await execute(toolKey);
    executor.vault.secrets.delete(credentialId);
    await change(credentialId);

    expect(await execute(toolKey)).toMatchObject({
      status: 'failed',
      error: { code: 'credential_unavailable', retryable: false },
    });
    expect(sent()).toEqual(['Bearer sk_live_51HxWq9z', 'Bearer sk_live_replaced']);
  });

  it('stays when another one is replaced', async () => {
    const toolKey = executor.publish({ request: { credentialId } });
    await execute(toolKey);

    await change(randomUUID());
    await execute(toolKey);

    expect(executor.vault.requests).toHaveLength(1);
  });
});
