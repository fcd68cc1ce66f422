import {
  archiveTool,
  createTool,
  describeTools,
  getTool,
  getToolVersion,
  listTools,
  listToolVersions,
  publishTool,
  resolveTool,
  rollBackTool,
  toolChanged,
  updateTool,
} from '#contracts/catalog.contract';
import type { TestService } from '#testing/test-service';
import { strings, toolInput } from '#testing/tool-definition.builder';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { hear, startCatalog } from '../../test/running-catalog.js';

const CREDENTIAL = randomUUID();
/** Of type `secret`. */
const SECRET = randomUUID();

describe('the catalog', () => {
  let catalog: TestService;
  let orgId: string;
  const announced = new EventEmitter();

  beforeAll(async () => {
    catalog = await startCatalog({
      credentialOf: (id) =>
        id === CREDENTIAL || id === SECRET
          ? { origins: ['https://api.example.com'], ...(id === SECRET && { type: 'secret', reference: 'K' }) }
          : undefined,
      secretOf: (name) => (name === 'CRM_API_KEY' ? { origins: ['https://api.example.com'] } : undefined),
    });
    await hear(catalog, toolChanged, announced);
  });
  beforeEach(() => {
    orgId = randomUUID();
  });
  afterAll(() => catalog.stop());

  const create = (overrides?: Parameters<typeof toolInput>[0]) =>
    catalog.call(createTool, { orgId, definition: toolInput(overrides) });

  it('keeps a definition whole, in normal form and in the order it was written', async () => {
    const definition = toolInput({
      variables: [
        { name: 'zip', type: 'string', required: true },
        { name: 'a', type: 'integer' },
      ],
      request: {
        method: 'POST',
        url: 'api.example.com/x',
        timeoutSeconds: 2,
        body: { type: 'json', template: { zeta: '{{zip}}', alpha: '{{a}}' } },
      },
    });

    const tool = await catalog.call(createTool, { orgId, definition });

    expect(tool).toMatchObject({
      key: 'get_order',
      status: 'active',
      revision: 1,
      hasUnpublishedChanges: true,
    });
    expect(tool.definition.request).toMatchObject({ url: 'https://api.example.com/x', timeoutMs: 2000 });
    const stored = await catalog.call(getTool, { orgId, toolKey: 'get_order' });
    expect(stored).toEqual(tool);
    expect(Object.keys(stored.definition.request.body?.template as object)).toEqual(['zeta', 'alpha']);
    expect(Object.keys(stored.definition.parameters.properties as object)).toEqual(['zip', 'a']);
  });

  it('refuses a bad definition with every problem, by JSON Pointer', async () => {
    const bad = toolInput({ bind: { x: '{{nobody}}' }, request: { url: 'https://{{host}}/' } });

    await expect(catalog.call(createTool, { orgId, definition: bad })).rejects.toMatchObject({
      code: 'invalid_request',
      details: {
        problems: [
          expect.objectContaining({ pointer: '/definition/request/url' }),
          expect.objectContaining({ pointer: '/definition/bind/x' }),
        ],
      },
    });
    const unknown = { ...toolInput(), descripton: 'typo' } as ReturnType<typeof toolInput>;
    await expect(catalog.call(createTool, { orgId, definition: unknown })).rejects.toMatchObject({
      details: {
        problems: [expect.objectContaining({ pointer: '/definition/descripton', code: 'unknown_field' })],
      },
    });
  });

  it.each<[string, Parameters<typeof toolInput>[0], string, string]>([
    [
      'names a secret that nobody has entered',
      { request: { headers: [{ name: 'X-Key', value: '{{NO_SUCH_KEY}}' }] } },
      'credential_not_found',
      '/definition/request/headers/0/value',
    ],
    [
      'names a secret that may not go where it points',
      { request: { url: 'https://other.example.com/x', query: [{ name: 'key', value: '{{CRM_API_KEY}}' }] } },
      'credential_origin_mismatch',
      '/definition/request/query/0/value',
    ],
    [
      'takes a secret for a credential',
      { request: { credentialId: SECRET } },
      'not_allowed',
      '/definition/request/credentialId',
    ],
  ])('refuses a tool that %s', async (_what, overrides, code, pointer) => {
    await expect(create(overrides)).rejects.toMatchObject({
      details: { problems: [expect.objectContaining({ pointer, code })] },
    });
  });

  it('takes a tool that names a secret of the organization, as often as it likes', async () => {
    const value = 'Bearer {{CRM_API_KEY}} {{CRM_API_KEY}}';

    expect(await create({ request: { headers: [{ name: 'X-Key', value }] } })).toMatchObject({ revision: 1 });
  });

  it('gives a key once, and again after it was archived', async () => {
    await create();
    await catalog.call(publishTool, { orgId, toolKey: 'get_order' });

    await expect(create()).rejects.toMatchObject({ code: 'tool_exists' });
    await catalog.call(archiveTool, { orgId, toolKey: 'get_order' });
    expect((await create({ name: 'Again' })).revision).toBeGreaterThan(2);

    await expect(catalog.call(resolveTool, { orgId, toolKey: 'get_order' })).rejects.toMatchObject({
      code: 'tool_not_published',
    });
    expect(await catalog.call(publishTool, { orgId, toolKey: 'get_order' })).toMatchObject({ version: 2 });
  });

  it('lets one of several creators of a key win', async () => {
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => create()));

    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  it('runs what is published, whatever happens to the draft', async () => {
    await create({ name: 'One' });
    await expect(catalog.call(resolveTool, { orgId, toolKey: 'get_order' })).rejects.toMatchObject({
      code: 'tool_not_published',
    });
    await catalog.call(publishTool, { orgId, toolKey: 'get_order' });
    await catalog.call(updateTool, { orgId, toolKey: 'get_order', definition: toolInput({ name: 'Two' }) });

    const name = async (version?: number | 'draft') =>
      (await catalog.call(resolveTool, { orgId, toolKey: 'get_order', version })).definition.name;
    expect([await name(), await name(1), await name('draft')]).toEqual(['One', 'One', 'Two']);
    await expect(name(2)).rejects.toMatchObject({ code: 'version_not_found' });

    expect((await catalog.call(publishTool, { orgId, toolKey: 'get_order' })).version).toBe(2);
    expect([await name(), await name(1)]).toEqual(['Two', 'One']);
    expect((await catalog.call(getTool, { orgId, toolKey: 'get_order' })).hasUnpublishedChanges).toBe(false);
  });

  it('does not number a version twice for the same draft', async () => {
    await create();

    const versions = await Promise.all(
      [1, 2, 3].map(() => catalog.call(publishTool, { orgId, toolKey: 'get_order' })),
    );

    expect(versions.map((one) => one.version)).toEqual([1, 1, 1]);
  });

  it('rolls back under a new number', async () => {
    await create({ name: 'One' });
    await catalog.call(publishTool, { orgId, toolKey: 'get_order' });
    await catalog.call(updateTool, { orgId, toolKey: 'get_order', definition: toolInput({ name: 'Two' }) });
    await catalog.call(publishTool, { orgId, toolKey: 'get_order' });

    expect(await catalog.call(rollBackTool, { orgId, toolKey: 'get_order', version: 1 })).toMatchObject({
      version: 3,
      definition: { name: 'One' },
    });
    expect((await catalog.call(getTool, { orgId, toolKey: 'get_order' })).definition.name).toBe('One');
    const { items } = await catalog.call(listToolVersions, { orgId, toolKey: 'get_order' });
    expect(items.map((one) => [one.version, one.definition.name])).toEqual([
      [3, 'One'],
      [2, 'Two'],
      [1, 'One'],
    ]);
    expect(await catalog.call(getToolVersion, { orgId, toolKey: 'get_order', version: 2 })).toEqual(items[1]);
  });

  it('refuses a change to a tool that has moved on', async () => {
    const { revision } = await create();
    const update = () =>
      catalog.call(updateTool, {
        orgId,
        toolKey: 'get_order',
        definition: toolInput(),
        ifRevision: revision,
      });

    const results = await Promise.allSettled([update(), update(), update()]);

    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    await expect(update()).rejects.toMatchObject({ code: 'precondition_failed' });
  });

  it('refuses a new key for a tool', async () => {
    await create();

    await expect(
      catalog.call(updateTool, { orgId, toolKey: 'get_order', definition: toolInput({ key: 'other' }) }),
    ).rejects.toMatchObject({
      details: { problems: [expect.objectContaining({ pointer: '/definition/key' })] },
    });
  });

  it('announces what live calls have to notice', async () => {
    await create();
    for (const change of [publishTool, archiveTool] as const) {
      const heard = once(announced, 'changed');
      await catalog.call(change, { orgId, toolKey: 'get_order' });
      expect(await heard).toEqual([{ orgId, toolKey: 'get_order' }]);
    }
    await expect(catalog.call(resolveTool, { orgId, toolKey: 'get_order' })).rejects.toMatchObject({
      code: 'tool_archived',
    });
  });

  it('lets a credential go only where it was entered for', async () => {
    const request = { credentialId: CREDENTIAL, url: 'https://api.example.com/x' };
    await create({ request });

    await expect(
      catalog.call(updateTool, {
        orgId,
        toolKey: 'get_order',
        definition: toolInput({ request: { ...request, url: 'https://evil.example.com/x' } }),
      }),
    ).rejects.toMatchObject({
      code: 'credential_origin_mismatch',
      message: expect.stringContaining('https://api.example.com'),
    });
    await expect(
      create({ key: 'other', request: { ...request, credentialId: randomUUID() } }),
    ).rejects.toMatchObject({
      details: { problems: [expect.objectContaining({ pointer: '/definition/request/credentialId' })] },
    });
  });

  it('pages through tools, each once', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e'];
    for (const key of keys) await create({ key });

    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await catalog.call(listTools, { orgId, limit: 2, cursor });
      seen.push(...page.items.map((tool) => tool.key));
      cursor = page.nextCursor;
    } while (cursor);

    expect(seen).toEqual(keys);
    await expect(catalog.call(listTools, { orgId, cursor: 'garbage' })).rejects.toMatchObject({
      details: { problems: [expect.objectContaining({ pointer: '/cursor' })] },
    });
  });

  it('describes what is published, and nothing else, in the form a model wants', async () => {
    await create({ key: 'published', parameters: strings('q') });
    await create({ key: 'draft_only' });
    await catalog.call(publishTool, { orgId, toolKey: 'published' });

    const { format, tools } = await catalog.call(describeTools, { format: 'anthropic' }, { orgId });

    expect(format).toBe('anthropic');
    expect(tools).toEqual([
      expect.objectContaining({
        name: 'published',
        input_schema: expect.objectContaining({ required: ['q'] }),
      }),
    ]);
  });

  it('shows an organization nothing of another', async () => {
    await create();
    await catalog.call(publishTool, { orgId, toolKey: 'get_order' });
    const other = randomUUID();
    const name = { orgId: other, toolKey: 'get_order' };

    for (const rpc of [getTool, resolveTool, publishTool, archiveTool, listToolVersions] as const) {
      await expect(catalog.call(rpc, name)).rejects.toMatchObject({ code: 'tool_not_found' });
    }
    await expect(catalog.call(updateTool, { ...name, definition: toolInput() })).rejects.toMatchObject({
      code: 'tool_not_found',
    });
    await expect(catalog.call(rollBackTool, { ...name, version: 1 })).rejects.toMatchObject({
      code: 'tool_not_found',
    });
    await expect(catalog.call(getToolVersion, { ...name, version: 1 })).rejects.toMatchObject({
      code: 'version_not_found',
    });
    expect((await catalog.call(listTools, { orgId: other })).items).toEqual([]);
    expect((await catalog.call(describeTools, {}, { orgId: other })).tools).toEqual([]);
  });
});
