import {
  archiveTool,
  bindAgentTools,
  createTool,
  describeTools,
  listEnvironments,
  publishTool,
  resolveTool,
  restoreTool,
  rollBackTool,
  setEnvironment,
  toolChanged,
  updateTool,
  type ResolveTool,
  type SetEnvironment,
} from '#contracts/catalog.contract';
import { GrantKey } from '#sealing/credential-grant';
import type { TestService } from '#testing/test-service';
import { strings, toolInput } from '#testing/tool-definition.builder';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { grantKey, hear, startCatalog } from '../../test/running-catalog.js';

const LIVE = randomUUID();
const DEV = randomUUID();
const origins: Record<string, string[]> = {
  [LIVE]: ['https://api.example.com'],
  [DEV]: ['https://dev.example.com'],
};

describe('the environments of a tool', () => {
  let catalog: TestService;
  let orgId: string;
  const toolKey = 'get_order';
  const announced = new EventEmitter();

  beforeAll(async () => {
    catalog = await startCatalog({
      credentialOf: (id) => origins[id] && { origins: origins[id] },
      secretOf: (name) => (name === 'CRM_API_KEY' ? { origins: ['https://api.example.com'] } : undefined),
    });
    await hear(catalog, toolChanged, announced);
  });
  beforeEach(() => {
    orgId = randomUUID();
  });
  afterAll(() => catalog.stop());

  type Overrides = NonNullable<Parameters<typeof toolInput>[0]>;
  const create = (overrides?: Overrides) =>
    catalog.call(createTool, { orgId, definition: toolInput(overrides) });
  const publish = () => catalog.call(publishTool, { orgId, toolKey });
  /** Versions 1, 2, … of these names. */
  async function publishAll(...names: string[]): Promise<void> {
    const [first, ...more] = names;
    await create({ name: first ?? '' });
    await publish();
    for (const name of more) {
      await catalog.call(updateTool, { orgId, toolKey, definition: toolInput({ name }) });
      await publish();
    }
  }
  const put = (name: SetEnvironment['name'], settings: Partial<SetEnvironment> = {}) =>
    catalog.call(setEnvironment, { orgId, toolKey, name, version: 'published', ...settings });
  const resolve = (environment?: SetEnvironment['name'], agentId?: string) =>
    catalog.call(resolveTool, { orgId, toolKey, environment, agentId });
  const versionIn = async (environment?: SetEnvironment['name']) => (await resolve(environment)).version;
  const environments = async () => (await catalog.call(listEnvironments, { orgId, toolKey })).environments;

  it('are production, which follows what is published, and two that stand for nothing until they are put', async () => {
    await create();
    expect(await environments()).toEqual([
      { name: 'dev', revision: 1 },
      { name: 'staging', revision: 1 },
      { name: 'production', revision: 1, version: 'published' },
    ]);
    await publish();

    expect((await environments()).at(-1)).toMatchObject({ version: 'published', runs: 1 });
    expect([await versionIn(), await versionIn('production')]).toEqual([1, 1]);
    await expect(resolve('dev')).rejects.toMatchObject({ code: 'environment_not_set' });
    await expect(resolve('staging')).rejects.toMatchObject({ code: 'environment_not_set' });
  });

  it('stay where they are put, whatever is published or rolled back to', async () => {
    await publishAll('One', 'Two');
    await put('dev', { version: 2 });
    await put('production', { version: 1 });

    await catalog.call(updateTool, { orgId, toolKey, definition: toolInput({ name: 'Three' }) });
    await publish();
    await catalog.call(rollBackTool, { orgId, toolKey, version: 2 });

    expect([await versionIn(), await versionIn('production'), await versionIn('dev')]).toEqual([1, 1, 2]);
    expect(await environments()).toMatchObject([
      { name: 'dev', version: 2, runs: 2 },
      { name: 'staging' },
      { name: 'production', version: 1, runs: 1 },
    ]);
  });

  it('follow publish and rollback where they are put to what is published', async () => {
    await publishAll('One', 'Two');
    await put('production', { version: 1 });
    await put('production', { version: 'published' });
    await put('staging', { version: 'published' });

    expect([await versionIn(), await versionIn('staging')]).toEqual([2, 2]);
    await catalog.call(rollBackTool, { orgId, toolKey, version: 1 });
    expect([await versionIn(), await versionIn('staging')]).toEqual([3, 3]);
  });

  it('go to their own base URL with their own credential, which a pinned version and a draft do not', async () => {
    await create({
      parameters: strings('id'),
      request: { url: 'https://api.example.com/orders/:id', credentialId: LIVE },
    });
    await publish();
    await put('dev', { version: 1, baseUrl: 'dev.example.com/v2/', credentialId: DEV });

    expect((await resolve('dev')).definition.request).toMatchObject({
      url: 'https://dev.example.com/v2/orders/:id',
      credentialId: DEV,
    });
    expect((await environments())[0]).toMatchObject({
      baseUrl: 'https://dev.example.com/v2',
      credentialId: DEV,
    });
    const asWritten = { url: 'https://api.example.com/orders/:id', credentialId: LIVE };
    await put('production', { baseUrl: 'https://dev.example.com', credentialId: DEV });
    for (const version of [1, 'draft'] as const) {
      const { definition } = await catalog.call(resolveTool, { orgId, toolKey, version });
      expect(definition.request).toMatchObject(asWritten);
    }
    expect((await resolve()).definition.request.url).toBe('https://dev.example.com/orders/:id');
  });

  it('have the vault open the credential that runs there, and no other', async () => {
    await create({ request: { credentialId: LIVE } });
    await publish();
    await put('dev', { version: 1, baseUrl: 'https://dev.example.com', credentialId: DEV });
    const grantOf = async (request: Partial<ResolveTool>) => {
      const { grant = '' } = await catalog.call(resolveTool, { orgId, toolKey, ...request });
      const { expiresAt, ...terms } = new GrantKey(grantKey).read(grant)!;
      expect(expiresAt.getTime() - Date.now()).toBeGreaterThan(300_000); // as long as executors keep what is stale
      return terms;
    };

    const asWritten = { orgId, toolKey, credentialIds: [LIVE], secretNames: [] };
    expect(await grantOf({})).toEqual({ ...asWritten, version: 1, environment: 'production' });
    expect(await grantOf({ environment: 'dev' })).toEqual({
      ...{ orgId, toolKey, credentialIds: [DEV], secretNames: [] },
      ...{ version: 1, environment: 'dev' },
    });
    for (const [version, number] of [
      [1, 1],
      ['draft', 0],
    ] as const)
      // prettier-ignore
      expect(await grantOf({ version })).toEqual({ ...asWritten, version: number, environment: 'production' });
  });

  it('have the vault open the secrets that templates name, with the values of the environment', async () => {
    const headers = [{ name: 'X-Key', value: '{{CRM_API_KEY}}' }];
    await create({ request: { headers } });
    await publish();
    await put('staging');
    const termsOf = async (request: Partial<ResolveTool>) => {
      const { grant = '', environment } = await catalog.call(resolveTool, { orgId, toolKey, ...request });
      const granted = new GrantKey(grantKey).read(grant);
      return [environment, granted?.environment, granted?.secretNames];
    };

    expect(await termsOf({})).toEqual(['production', 'production', ['CRM_API_KEY']]);
    expect(await termsOf({ environment: 'staging' })).toEqual(['staging', 'staging', ['CRM_API_KEY']]);
    expect(await termsOf({ version: 1 })).toEqual(['production', 'production', ['CRM_API_KEY']]);
    expect(await termsOf({ version: 'draft' })).toEqual(['production', 'production', ['CRM_API_KEY']]);
  });

  it('are not put where a secret that templates name may not go', async () => {
    await create({ request: { headers: [{ name: 'X-Key', value: '{{CRM_API_KEY}}' }] } });
    await publish();

    await expect(put('dev', { baseUrl: 'https://dev.example.com' })).rejects.toMatchObject({
      code: 'credential_origin_mismatch',
      details: { problems: [expect.objectContaining({ pointer: '/baseUrl' })] },
    });
  });

  it('grant nothing for a tool that uses no credential', async () => {
    await create();
    await publish();

    expect(await resolve()).not.toHaveProperty('grant');
  });

  it.each<[string, Partial<SetEnvironment>, string, string]>([
    ['a placeholder in the base URL', { baseUrl: 'https://{{host}}' }, '/baseUrl', 'invalid_request'],
    ['a query in the base URL', { baseUrl: 'https://dev.example.com?a' }, '/baseUrl', 'invalid_request'],
    ['another scheme', { baseUrl: 'ftp://dev.example.com' }, '/baseUrl', 'invalid_request'],
    [
      'a credential that may not go to the base URL',
      { baseUrl: 'https://dev.example.com' },
      '/credentialId',
      'credential_origin_mismatch',
    ],
    [
      'a credential that may not go to the tool’s own URL',
      { credentialId: DEV },
      '/credentialId',
      'credential_origin_mismatch',
    ],
    ['a credential of nobody', { credentialId: randomUUID() }, '/credentialId', 'invalid_request'],
  ])('are refused %s', async (_what, settings, pointer, code) => {
    await create({ request: { credentialId: LIVE } });
    await publish();

    await expect(put('dev', settings)).rejects.toMatchObject({
      code,
      details: { problems: [expect.objectContaining({ pointer })] },
    });
    expect((await environments())[0]).toEqual({ name: 'dev', revision: 1 });
  });

  it('are put to versions there are, of tools in use', async () => {
    await publishAll('One');

    await expect(put('dev', { version: 9 })).rejects.toMatchObject({ code: 'version_not_found' });
    await expect(put('dev', { toolKey: 'nothing' })).rejects.toMatchObject({ code: 'tool_not_found' });
    await catalog.call(archiveTool, { orgId, toolKey });
    await expect(put('dev', { version: 1 })).rejects.toMatchObject({ code: 'tool_archived' });
  });

  it('that follow hold up a version whose credential may not go where they go', async () => {
    await create();
    await publish();
    await put('staging', { baseUrl: 'https://dev.example.com' });
    const definition = toolInput({ request: { credentialId: LIVE } });
    await catalog.call(updateTool, { orgId, toolKey, definition });

    await expect(publish()).rejects.toMatchObject({
      code: 'credential_origin_mismatch',
      details: { problems: [expect.objectContaining({ pointer: '/environments/staging/credentialId' })] },
    });
    await put('staging', { version: 1, baseUrl: 'https://dev.example.com' });
    expect((await publish()).version).toBe(2);
  });

  it('are changed by one of several who insist on the same revision', async () => {
    await publishAll('One');

    for (const revision of [1, 2]) {
      const changes = [1, 2, 3].map(() => put('dev', { version: 1, ifRevision: revision }));
      const results = await Promise.allSettled(changes);
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    }
    await expect(put('dev', { version: 1, ifRevision: 2 })).rejects.toMatchObject({
      code: 'precondition_failed',
    });
    expect((await put('dev', { version: 1 })).revision).toBe(4);
  });

  it('are announced when they change', async () => {
    await publishAll('One');
    const heard = once(announced, 'changed');

    await put('dev', { version: 1 });

    expect(await heard).toEqual([{ orgId, toolKey }]);
  });

  it('are what models are shown, and agents run; an agent kept at a version is kept in production only', async () => {
    await publishAll('One', 'Two', 'Three');
    await put('production', { version: 2 });
    await put('staging', { version: 3 });
    const shown = async (environment?: SetEnvironment['name'], agentId?: string) => {
      const { tools } = await catalog.call(describeTools, { environment, agentId }, { orgId });
      return tools.map(({ name }) => name);
    };
    await catalog.call(bindAgentTools, { orgId, agentId: 'a', tools: [{ key: toolKey, version: 1 }] });

    expect([await shown(), await shown('staging'), await shown('dev')]).toEqual([['Two'], ['Three'], []]);
    expect([await shown(undefined, 'a'), await shown('staging', 'a')]).toEqual([['One'], ['Three']]);
    expect((await resolve(undefined, 'a')).version).toBe(1);
    expect((await resolve('production', 'a')).version).toBe(1);
    expect((await resolve('staging', 'a')).version).toBe(3);
  });

  it('come back with a tool that is restored, and not with one that is made anew', async () => {
    await publishAll('One', 'Two');
    await put('dev', { version: 1 });

    await catalog.call(archiveTool, { orgId, toolKey });
    await catalog.call(restoreTool, { orgId, toolKey });
    expect([await versionIn(), await versionIn('dev')]).toEqual([2, 1]);

    await catalog.call(archiveTool, { orgId, toolKey });
    await create({ name: 'Anew' });
    await publish();
    await expect(resolve('dev')).rejects.toMatchObject({ code: 'environment_not_set' });
  });

  it('are an organization’s own', async () => {
    await publishAll('One');
    const other = randomUUID();
    for (const name of ['dev', 'production'] as const) {
      await expect(put(name, { orgId: other, version: 1 })).rejects.toMatchObject({ code: 'tool_not_found' });
    }
    await expect(catalog.call(listEnvironments, { orgId: other, toolKey })).rejects.toMatchObject({
      code: 'tool_not_found',
    });
    await catalog.call(createTool, { orgId: other, definition: toolInput() });
    await catalog.call(publishTool, { orgId: other, toolKey });
    await put('dev', { version: 1 });

    await expect(
      catalog.call(resolveTool, { orgId: other, toolKey, environment: 'dev' }),
    ).rejects.toMatchObject({ code: 'environment_not_set' });
  });
});
