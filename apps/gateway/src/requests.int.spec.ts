import { getExecution, getStats, listExecutions } from '#contracts/audit.contract';
import * as catalog from '#contracts/catalog.contract';
import { cancelExecution, executeTool, testTool } from '#contracts/executor.contract';
import { invalidRequest } from '#contracts/validate';
import * as vault from '#contracts/vault.contract';
import { intakeContext } from '#sealing/intake-key';
import type { RunningNats } from '#devstack/nats-server';
import { createTestDatabase } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { credential, definition, execution, tool } from '../test/sample-replies.js';
import { intakeKey, type RequestOptions } from '../test/start-gateway.js';
import { startWorld, type World } from '../test/start-world.js';

const secret = 'sk_live_do_not_repeat_me';
const bearer = { type: 'bearer', name: 'crm', origins: ['https://api.example.com'], token: secret };
const actor = { type: 'api_key', id: expect.stringMatching(/^[0-9a-f-]{36}$/) };
const credentialPath = `/v1/credentials/${credential.id}`;

describe('a REST request', () => {
  let nats: RunningNats;
  let world: World;
  beforeAll(async () => {
    nats = await startTestNats();
    world = await startWorld({ databaseUrl: await createTestDatabase(), natsUrl: nats.url });
  });
  beforeEach(() => world.services.reset());
  afterAll(async () => {
    await world.stop();
    await nats.stop();
  });

  const withKey = (options: RequestOptions) => ({ key: world.keys.editor, ...options });
  const ask = (method: string, path: string, options: RequestOptions = {}) =>
    world.gateway.ask(method, path, withKey(options));
  const refusal = (method: string, path: string, options: RequestOptions = {}) =>
    world.gateway.refusal(method, path, withKey(options));
  /** What the service was asked, a credential opened, and without the organization, which is checked here. */
  const asked = () => {
    const { rpc, subject, request } = world.services.last!;
    const { orgId, sealed, ...rest } = request;
    expect(rpc.isPublic ? subject : orgId).toContain(world.orgId);
    if (typeof sealed !== 'string') return [rpc, rest];
    const opened = intakeKey.open(sealed, intakeContext(world.orgId)).toString();
    return [rpc, { ...rest, credential: JSON.parse(opened) as unknown }];
  };

  const from = '2026-01-01T00:00:00Z';
  it.each([
    ['POST', '/v1/tools', definition, catalog.createTool, { definition }],
    ['GET', '/v1/tools', undefined, catalog.listTools, {}],
    [
      'GET',
      '/v1/tools?limit=2&cursor=c&status=active',
      undefined,
      catalog.listTools,
      { limit: 2, cursor: 'c', status: 'active' },
    ],
    [
      'GET',
      '/v1/tools/export?format=mcp&agentId=a1&environment=dev',
      undefined,
      catalog.exportTools,
      { format: 'mcp', agentId: 'a1', environment: 'dev' },
    ],
    ['GET', '/v1/tools/look_up', undefined, catalog.getTool, { toolKey: 'look_up' }],
    ['PUT', '/v1/tools/look_up', definition, catalog.updateTool, { toolKey: 'look_up', definition }],
    ['DELETE', '/v1/tools/look_up', undefined, catalog.archiveTool, { toolKey: 'look_up' }],
    ['POST', '/v1/tools/look_up/publish', undefined, catalog.publishTool, { toolKey: 'look_up' }],
    [
      'POST',
      '/v1/tools/look_up/rollback',
      { version: 2 },
      catalog.rollBackTool,
      { toolKey: 'look_up', version: 2 },
    ],
    [
      'GET',
      '/v1/tools/look_up/versions?limit=9',
      undefined,
      catalog.listToolVersions,
      { toolKey: 'look_up', limit: 9 },
    ],
    [
      'GET',
      '/v1/tools/look_up/versions/12',
      undefined,
      catalog.getToolVersion,
      { toolKey: 'look_up', version: 12 },
    ],
    [
      'POST',
      '/v1/tools/look_up/test',
      { arguments: { a: 1 }, version: 2 },
      testTool,
      { toolKey: 'look_up', arguments: { a: 1 }, version: 2 },
    ],
    ['POST', '/v1/tools/look_up/test', undefined, testTool, { toolKey: 'look_up' }],
    [
      'GET',
      '/v1/agents/front%20desk%2F1/tools',
      undefined,
      catalog.getAgentTools,
      { agentId: 'front desk/1' },
    ],
    [
      'PUT',
      '/v1/agents/a1/tools',
      { tools: [{ key: 'look_up', bind: { order_id: '7' } }] },
      catalog.bindAgentTools,
      { agentId: 'a1', tools: [{ key: 'look_up', bind: { order_id: '7' } }] },
    ],
    ['POST', '/v1/credentials', bearer, vault.createCredential, { credential: bearer, actor }],
    ['GET', '/v1/credentials?limit=3', undefined, vault.listCredentials, { limit: 3 }],
    ['GET', credentialPath, undefined, vault.getCredential, { credentialId: credential.id }],
    [
      'PUT',
      credentialPath,
      { ...bearer, token: { keep: true } },
      vault.replaceCredential,
      { credentialId: credential.id, credential: { ...bearer, token: { keep: true } }, actor },
    ],
    ['DELETE', credentialPath, undefined, vault.deleteCredential, { credentialId: credential.id, actor }],
    ['POST', '/v1/executions', { toolKey: 'look_up', turn: 3 }, executeTool, { toolKey: 'look_up', turn: 3 }],
    [
      'GET',
      `/v1/executions?isTest=false&toolKey=look_up&from=${from}`,
      undefined,
      listExecutions,
      { isTest: false, toolKey: 'look_up', from },
    ],
    [
      'GET',
      `/v1/executions/${execution.executionId}`,
      undefined,
      getExecution,
      { executionId: execution.executionId },
    ],
    [
      'POST',
      `/v1/executions/${execution.executionId}/cancel`,
      undefined,
      cancelExecution,
      { executionId: execution.executionId },
    ],
    ['GET', '/v1/stats?groupBy=tool', undefined, getStats, { groupBy: 'tool' }],
  ])(
    '%s %s asks the service that knows, for the caller’s organization',
    async (method, path, body, rpc, request) => {
      const reply = await ask(method, path, { ...(body && { body }) });

      expect([200, 201, 204]).toContain(reply.status);
      expect(asked()).toEqual([rpc, request]);
    },
  );

  it('for the accesses of a credential asks the vault, for an admin only', async () => {
    const path = `${credentialPath}/accesses?limit=3`;

    expect(await refusal('GET', path)).toMatchObject({ status: 403, code: 'forbidden' });
    expect(await ask('GET', path, { key: world.keys.admin })).toMatchObject({ status: 200 });
    expect(asked()).toEqual([vault.listAccesses, { credentialId: credential.id, limit: 3 }]);
  });

  it('that changes a credential names the API key it came with', async () => {
    const { body: me } = await ask('GET', '/v1/me');
    await ask('POST', '/v1/credentials', { body: bearer });

    expect(world.services.last?.request.actor).toEqual({
      type: 'api_key',
      id: (me.apiKey as { id: string }).id,
    });
  });

  it.each(['patchbay', 'openai', 'anthropic', 'gemini', 'mcp'] as const)(
    'to export as `%s` is answered with a list of tools',
    async (format) => {
      const exported = { format, tools: [{ name: 'look_up' }] };
      world.services.answer(catalog.exportTools, () => exported);
      const { status, body } = await ask('GET', `/v1/tools/export?format=${format}`);

      expect([status, body]).toEqual([200, exported]);
    },
  );

  it('to export as OpenAPI is answered with the document itself, for tools that read such', async () => {
    const document = { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths: {} };
    world.services.answer(catalog.exportTools, () => ({ format: 'openapi' as const, document }));
    const { status, body } = await ask('GET', '/v1/tools/export?format=openapi');

    expect([status, body]).toEqual([200, document]);
  });

  it('to export in a form nobody knows is refused, and told which there are', async () => {
    const { code, problems } = await refusal('GET', '/v1/tools/export?format=swagger');

    expect(code).toBe('invalid_request');
    expect(problems).toEqual([
      expect.objectContaining({ pointer: '/format', message: expect.stringContaining('openapi') }),
    ]);
  });

  it('with a secret has it sealed before it goes over the bus', async () => {
    await ask('POST', '/v1/credentials', { body: bearer });
    await ask('PUT', credentialPath, { body: bearer });

    expect(world.services.asked).toHaveLength(2);
    expect(JSON.stringify(world.services.asked)).not.toContain(secret);
  });

  it('that creates something says where it is', async () => {
    const made = await ask('POST', '/v1/tools', { body: definition });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/v1/tools/look_up']);

    const stored = await ask('POST', '/v1/credentials', { body: bearer });
    expect([stored.status, stored.headers.get('location')]).toEqual([201, credentialPath]);
  });

  it('to run a tool is answered 200 with the execution, whatever its status', async () => {
    expect(await ask('POST', '/v1/executions', { body: { toolKey: 'look_up' } })).toMatchObject({
      status: 200,
      body: { status: 'failed', outcome: 'not_found' },
    });
  });

  it('to run a tool keeps the digits of integers that no number holds', async () => {
    const body =
      '{"toolKey":"look_up","arguments":{"id":12345678901234567890},"context":{"custom":{"n":[9007199254740993]}}}';
    await ask('POST', '/v1/executions', { body });

    expect(JSON.stringify(world.services.last?.request)).toBe(body);
  });

  it.each([
    ['the header where the body has none', {}, 'from-header', 'from-header'],
    ['the body’s before the header', { idempotencyKey: 'from-body' }, 'from-header', 'from-body'],
    ['none where there is none', {}, undefined, undefined],
  ])('takes as idempotency key %s', async (_what, extra, header, expected) => {
    const headers: Record<string, string> = header === undefined ? {} : { 'idempotency-key': header };
    await ask('POST', '/v1/executions', { body: { toolKey: 'look_up', ...extra }, headers });

    expect(world.services.last?.request.idempotencyKey).toBe(expected);
  });

  it('refuses an idempotency key that is too long', async () => {
    const headers = { 'idempotency-key': 'k'.repeat(256) };

    expect(await refusal('POST', '/v1/executions', { body: { toolKey: 'look_up' }, headers })).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining('idempotencyKey'),
    });
  });

  it.each<[string, string, unknown, number]>([
    ['an administrative request', '/v1/tools', definition, 5000],
    ['an execution that says nothing', '/v1/executions', { toolKey: 'look_up' }, 10_250],
    ['an execution by its deadline', '/v1/executions', { toolKey: 'look_up', deadlineMs: 3000 }, 3250],
    ['a test by its deadline', '/v1/tools/look_up/test', { deadlineMs: 60_000 }, 60_250],
  ])('waits for %s as long as it may take', async (_what, path, body, expected) => {
    await ask('POST', path, { body });

    const told = Number(world.services.last?.header('Patchbay-Deadline-Ms'));
    expect(told).toBeLessThanOrEqual(expected);
    expect(told).toBeGreaterThan(expected - 250);
  });

  it.each([
    ['/v1/tools?limit=many', '/limit', 'wrong_type'],
    ['/v1/tools?limit=0', '/limit', 'out_of_range'],
    ['/v1/tools?limit=1.5', '/limit', 'wrong_type'],
    ['/v1/tools?limit=5&limit=6', '/limit', 'wrong_type'],
    ['/v1/tools?cursor=', '/cursor', 'out_of_range'],
    ['/v1/tools?status=gone', '/status', 'not_allowed'],
    ['/v1/tools?colour=red', '/colour', 'unknown_field'],
    ['/v1/tools?orgId=x', '/orgId', 'unknown_field'],
    ['/v1/tools?__proto__=x', '/__proto__', 'unknown_field'],
    ['/v1/tools/look_up?limit=1', '/limit', 'unknown_field'],
    ['/v1/me?limit=1', '/limit', 'unknown_field'],
    ['/v1/tools/look_up/versions/1/diff?to=0', '/to', 'wrong_format'],
    ['/v1/tools/look_up/versions/1/diff?to=latest', '/to', 'wrong_format'],
    ['/v1/tools/export?format=yaml', '/format', 'not_allowed'],
    ['/v1/executions?isTest=yes', '/isTest', 'wrong_type'],
    ['/v1/executions?from=yesterday', '/from', 'wrong_format'],
  ])('GET %s is told what is wrong with %s', async (path, pointer, code) => {
    const problem = await refusal('GET', path);

    expect(problem).toMatchObject({ status: 400, code: 'invalid_request', problems: [{ pointer, code }] });
    expect(problem.instance).toBe(path.split('?')[0]);
    expect(world.services.asked).toEqual([]);
  });

  it.each([
    ['/v1/tools/Look-Up', 'tool_not_found'],
    ['/v1/tools/a%2Fb', 'tool_not_found'],
    ['/v1/tools/*', 'tool_not_found'],
    ['/v1/agents/a%0Ab/tools', 'not_found'],
    [`/v1/agents/${'a'.repeat(201)}/tools`, 'not_found'],
    ['/v1/tools/look_up/versions/0', 'version_not_found'],
    ['/v1/tools/look_up/versions/1e3', 'version_not_found'],
    ['/v1/credentials/1%27%20OR%201=1', 'credential_not_found'],
    ['/v1/executions/null', 'execution_not_found'],
  ])('GET %s names nothing', async (path, code) => {
    expect(await refusal('GET', path)).toMatchObject({ status: 404, code });
    expect(world.services.asked).toEqual([]);
  });

  it('is told what is wrong in the terms of what it sent, by the gateway and by the service alike', async () => {
    const unknownField = { ...definition, request: { ...definition.request, urll: 'x' } };
    expect(await refusal('POST', '/v1/tools', { body: unknownField })).toMatchObject({
      problems: [{ pointer: '/request/urll', code: 'unknown_field' }],
    });

    world.services.answer(catalog.createTool, () => {
      throw invalidRequest([
        { pointer: '/definition/request/url', code: 'wrong_format', message: 'must have a host' },
        { pointer: '/definition', code: 'other', message: 'must make sense' },
      ]);
    });
    expect(await refusal('POST', '/v1/tools', { body: definition })).toMatchObject({
      detail: '/request/url: must have a host (and 1 more)',
      problems: [{ pointer: '/request/url' }, { pointer: '' }],
    });
  });

  it('to bind tools is told where in the list it is wrong, by the gateway and by the catalog alike', async () => {
    const body = {
      tools: [{ key: 'look_up' }, { key: 'other', headers: [{ name: 'no name', value: 'x' }] }],
    };
    expect(await refusal('PUT', '/v1/agents/a1/tools', { body })).toMatchObject({
      problems: [{ pointer: '/tools/1/headers/0/name', code: 'wrong_format' }],
    });
    expect(world.services.asked).toEqual([]);

    world.services.answer(catalog.bindAgentTools, () => {
      throw invalidRequest([{ pointer: '/tools/0/key', code: 'tool_not_found', message: 'names no tool' }]);
    });
    expect(await refusal('PUT', '/v1/agents/a1/tools', { body: { tools: [{ key: 'gone' }] } })).toMatchObject(
      { status: 400, problems: [{ pointer: '/tools/0/key' }] },
    );
  });

  it.each([
    [{ version: 0 }, '/version'],
    [{ version: 'draft' }, '/version'],
    [{ baseUrl: 'https://a.example' }, '/version'],
    [{ version: 1, credentialId: 'crm' }, '/credentialId'],
    [{ version: 1, url: 'https://a.example' }, '/url'],
    [{ version: 1, name: 'dev' }, '/name'],
  ])('to put an environment to %j is told what is wrong with %s', async (body, pointer) => {
    const problem = await refusal('PUT', '/v1/tools/look_up/environments/dev', { body });

    expect(problem).toMatchObject({ status: 400, problems: [{ pointer }] });
    expect(world.services.asked).toEqual([]);
  });

  it('to put an environment there is none of finds nothing', async () => {
    const path = '/v1/tools/look_up/environments/qa';

    expect(await refusal('PUT', path, { body: { version: 1 } })).toMatchObject({
      status: 404,
      code: 'not_found',
    });
  });

  it.each([
    ['a wrong type', { ...bearer, token: [secret] }],
    [
      'a value not allowed',
      { type: 'api_key', name: 'crm', origins: [], in: secret, parameter: 'p', value: 'v' },
    ],
    ['an unknown field', { ...bearer, password: secret }],
    ['an unknown type', { type: 'other', token: secret }],
    ['text that is not JSON', `{"token": ${secret}}`],
  ])('never has a secret quoted back for %s', async (_what, body) => {
    const problem = await refusal('POST', '/v1/credentials', { body });

    expect(problem.code).toBe('invalid_request');
    expect(JSON.stringify(problem)).not.toContain('sk_live');
  });

  it('is answered with what the service replied', async () => {
    expect((await ask('GET', '/v1/tools/look_up')).body).toEqual(tool);
    expect((await ask('GET', '/v1/tools')).body).toEqual({ items: [tool], nextCursor: 'more' });
  });
});
