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

  describe('of which there may be one for each caller', () => {
    const call = async (toolKey: string, id: unknown) => {
      const { status, error } = await executor.call(
        executeTool,
        { toolKey, context: { contact: { id } } },
        { orgId },
      );
      return error?.code ?? status;
    };
    const askedFor = () => executor.vault.requests.map(({ endUser }) => endUser);

    it('is one for all callers where it is the organization’s, and nobody is told who calls', async () => {
      const toolKey = executor.publish({ request: { credentialId } });

      for (const id of ['alice', 'bob', undefined]) await call(toolKey, id);

      expect(askedFor()).toEqual([undefined]);
      expect(new Set(sent())).toEqual(new Set(['Bearer sk_live_51HxWq9z']));
    });

    it('is kept for each apart where it is theirs, from the first call on and at the same time', async () => {
      const toolKey = executor.publish({ request: { credentialId } });
      const owners = ['alice', 'bob', '4711', 'alice bob'];
      executor.vault.accounts.set(credentialId, new Map(owners.map((owner) => [owner, `token of ${owner}`])));
      const known = ['alice', 'bob', 4711, 'alice bob'].map((id) => ({ id, owner: String(id) }));
      const strangers = ['carol', undefined, '', { id: 'alice' }].map((id) => ({ id, owner: undefined }));
      const callers: { id: unknown; owner: string | undefined }[] = [...known, ...strangers];
      const calls = Array.from({ length: 5 }, () => callers).flat();

      const ended = await Promise.all(calls.map(({ id }) => call(toolKey, id)));

      expect(ended).toEqual(calls.map(({ owner }) => (owner ? 'succeeded' : 'authorization_required')));
      const tokens = calls.flatMap(({ owner }) => (owner ? [`Bearer token of ${owner}`] : []));
      expect(sent().toSorted()).toEqual(tokens.toSorted());
      executor.vault.requests.length = 0;
      for (const owner of owners) expect(await call(toolKey, owner)).toBe('succeeded');
      expect(askedFor()).toEqual([]); // each is kept
    });

    it('is opened anew, for all or for each, when it becomes the one or the other', async () => {
      const toolKey = executor.publish({ request: { credentialId } });
      const accounts = new Map([['alice', 'token of alice']]);
      await call(toolKey, 'alice');

      executor.vault.accounts.set(credentialId, accounts);
      await change(credentialId);
      await call(toolKey, 'alice');
      executor.vault.accounts.delete(credentialId);
      await change(credentialId);
      await call(toolKey, 'bob');

      expect(sent()).toEqual(['Bearer sk_live_51HxWq9z', 'Bearer token of alice', 'Bearer sk_live_51HxWq9z']);
    });

    it('is for all again though nobody has said so', async () => {
      const toolKey = executor.publish({ request: { credentialId } });
      executor.vault.accounts.set(credentialId, new Map([['alice', 'token of alice']]));
      await call(toolKey, 'alice');
      executor.vault.accounts.delete(credentialId);

      await call(toolKey, 'bob');

      expect(sent()).toEqual(['Bearer token of alice', 'Bearer sk_live_51HxWq9z']);
    });
  });

  it('stays when another one is replaced', async () => {
    const toolKey = executor.publish({ request: { credentialId } });
    await execute(toolKey);

    await change(randomUUID());
    await execute(toolKey);

    expect(executor.vault.requests).toHaveLength(1);
  });
});
