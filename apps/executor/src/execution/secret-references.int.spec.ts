import { executeTool, testTool } from '#contracts/executor.contract';
import { credentialChanged } from '#contracts/vault.contract';
import { RpcClient } from '#messaging/rpc.client';
import { strings } from '#testing/tool-definition.builder';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { startExecutor, type RunningExecutor } from '../../test/running-executor.js';

const headers = [{ name: 'Authorization', value: 'Bearer {{CRM_API_KEY}}' }];

describe('a tool whose templates name secrets', () => {
  let executor: RunningExecutor;
  const orgId = randomUUID();

  beforeAll(async () => {
    executor = await startExecutor();
  });
  beforeEach(() => {
    const { named, secretRequests, requests } = executor.vault;
    named.clear();
    named.set('CRM_API_KEY production', 'sk_live_51HxWq9z');
    named.set('CRM_API_KEY staging', 'sk_test_77KkLm2b');
    secretRequests.length = requests.length = 0;
    executor.upstream.requests.length = 0;
    executor.upstream.answerJson(200, { ok: true });
    executor.get(RpcClient).announce(credentialChanged, { orgId, credentialId: randomUUID() });
    return executor.link.connection.flush();
  });
  afterAll(() => executor.stop());

  const execute = (toolKey: string, given: Record<string, unknown> = {}) =>
    executor.call(executeTool, { toolKey, arguments: given }, { orgId });
  const sent = () => executor.upstream.requests.map(({ headers }) => headers.authorization);

  it('sends the value of the environment it runs in', async () => {
    const grant = 'g1.of.tool';
    const plain = executor.publish({ request: { headers } }, { grant });
    const staged = executor.publish({ request: { headers } }, { grant, environment: 'staging' });

    await execute(plain);
    await execute(staged);

    expect(sent()).toEqual(['Bearer sk_live_51HxWq9z', 'Bearer sk_test_77KkLm2b']);
    const asked = { orgId, reference: 'CRM_API_KEY', origin: executor.upstream.origin, grant };
    expect(executor.vault.secretRequests).toEqual([
      expect.objectContaining({ ...asked, environment: 'production' }),
      expect.objectContaining({ ...asked, environment: 'staging' }),
    ]);
  });

  it('sends nothing where the environment has no value, and says which', async () => {
    const toolKey = executor.publish({ request: { headers } }, { environment: 'dev' });

    expect(await execute(toolKey)).toMatchObject({
      status: 'failed',
      outcome: 'credential_unavailable',
      error: {
        code: 'credential_unavailable',
        message: expect.stringContaining('CRM_API_KEY'),
        retryable: false,
      },
    });
    expect(executor.upstream.requests).toEqual([]);
  });

  it('sends secrets wherever they are named, escaped for their place, beside a credential', async () => {
    executor.vault.named.set('BODY_KEY production', 'a"b\\c d&e=f');
    const credentialId = randomUUID();
    executor.vault.secrets.set(credentialId, {
      type: 'api_key',
      in: 'header',
      parameter: 'X-Key',
      value: 'key-of-it',
    });
    const toolKey = executor.publish({
      request: {
        method: 'POST',
        credentialId,
        headers,
        query: [{ name: 'key', value: '{{BODY_KEY}}' }],
        body: { type: 'json', template: { auth: { key: '{{BODY_KEY}}', text: 'key={{BODY_KEY}}' } } },
      },
    });

    await execute(toolKey);

    const [request] = executor.upstream.requests;
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer sk_live_51HxWq9z',
      'x-key': 'key-of-it',
    });
    expect(new URL(request?.url ?? '', 'http://x').searchParams.get('key')).toBe('a"b\\c d&e=f');
    expect(JSON.parse(request?.body ?? '')).toEqual({
      auth: { key: 'a"b\\c d&e=f', text: 'key=a"b\\c d&e=f' },
    });
  });

  it('sends what an argument says, whatever it spells', async () => {
    const toolKey = executor.publish({
      parameters: strings('note'),
      request: {
        method: 'POST',
        headers,
        body: { type: 'form', template: { note: '{{note}}', key: '{{CRM_API_KEY}}' } },
      },
    });

    await execute(toolKey, { note: '{{CRM_API_KEY}}' });

    expect([...new URLSearchParams(executor.upstream.requests[0]?.body)]).toEqual([
      ['note', '{{CRM_API_KEY}}'],
      ['key', 'sk_live_51HxWq9z'],
    ]);
  });

  it('sends nothing when a secret could end the header it is named in', async () => {
    executor.vault.named.set('CRM_API_KEY production', 'x\r\nX-Evil: 1');

    expect(await execute(executor.publish({ request: { headers } }))).toMatchObject({
      status: 'failed',
      error: {
        code: 'credential_unavailable',
        message: expect.stringMatching(/`CRM_API_KEY`.*header Authorization/),
      },
    });
    expect(executor.upstream.requests).toEqual([]);
  });

  it('shows in a test where secrets go, and no secret, also when the API echoes them', async () => {
    executor.upstream.answer(({ headers, url, body }, response) => {
      response.setHeader('x-echo', headers.authorization ?? '');
      response.end(
        JSON.stringify({ headers, url, body, basic: Buffer.from('sk_live_51HxWq9z').toString('base64') }),
      );
    });
    const toolKey = executor.publish({
      request: {
        method: 'POST',
        headers,
        query: [{ name: 'key', value: '{{CRM_API_KEY}}' }],
        body: { type: 'form', template: { key: 'k {{CRM_API_KEY}}' } },
      },
    });

    const { exchange, execution } = await executor.call(testTool, { orgId, toolKey });

    expect(exchange?.request).toMatchObject({
      url: `${executor.upstream.origin}/orders?key=‹secret: CRM_API_KEY›`,
      headers: expect.arrayContaining([{ name: 'Authorization', value: 'Bearer ‹secret: CRM_API_KEY›' }]),
      body: 'key=k+‹secret: CRM_API_KEY›',
    });
    expect(sent()).toEqual(['Bearer sk_live_51HxWq9z']);
    expect(JSON.stringify([exchange, execution])).not.toContain('sk_live_51HxWq9z');
    expect(JSON.stringify([exchange, execution])).not.toContain(
      Buffer.from('sk_live_51HxWq9z').toString('base64').slice(0, 20),
    );
  });

  it('asks the vault once, and again once anything of the organization was changed', async () => {
    const toolKey = executor.publish({
      request: { headers, query: [{ name: 'k', value: '{{CRM_API_KEY}}' }] },
    });
    await execute(toolKey);
    await execute(toolKey);
    expect(executor.vault.secretRequests).toHaveLength(1);

    executor.vault.named.delete('CRM_API_KEY production');
    executor.get(RpcClient).announce(credentialChanged, { orgId, credentialId: randomUUID() });
    await executor.link.connection.flush();

    expect(await execute(toolKey)).toMatchObject({ error: { code: 'credential_unavailable' } });
    expect(sent()).toHaveLength(2);
  });

  it('does not ask for what it does not name', async () => {
    await execute(executor.publish());

    expect(executor.vault.secretRequests).toEqual([]);
    expect(sent()).toEqual([undefined]);
  });
});
