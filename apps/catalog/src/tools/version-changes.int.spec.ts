import {
  archiveTool,
  bindAgentTools,
  createTool,
  diffToolVersions,
  getDependents,
  getTool,
  publishTool,
  resolveTool,
  restoreTool,
  toolChanged,
  updateTool,
} from '#contracts/catalog.contract';
import type { TestService } from '#testing/test-service';
import { strings, toolInput } from '#testing/tool-definition.builder';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { hear, startCatalog } from '../../test/running-catalog.js';

describe('what becomes of a tool', () => {
  let catalog: TestService;
  let orgId: string;
  const toolKey = 'get_order';
  const announced = new EventEmitter();

  beforeAll(async () => {
    catalog = await startCatalog();
    await hear(catalog, toolChanged, announced);
  });
  beforeEach(() => {
    orgId = randomUUID();
  });
  afterAll(() => catalog.stop());

  type Overrides = NonNullable<Parameters<typeof toolInput>[0]>;
  const create = (overrides?: Overrides) =>
    catalog.call(createTool, { orgId, definition: toolInput(overrides) });
  const update = (overrides: Overrides) => {
    const definition = toolInput(overrides);
    return catalog.call(updateTool, { orgId, toolKey: definition.key, definition });
  };
  const publish = (key = toolKey) => catalog.call(publishTool, { orgId, toolKey: key });

  describe('between versions', () => {
    const diff = (version: number, to: number | 'draft') =>
      catalog.call(diffToolVersions, { orgId, toolKey, version, to });

    beforeEach(async () => {
      await create({ name: 'One', messages: { start: 'Wait' } });
      await publish();
      await update({ name: 'Two', request: { headers: [{ name: 'X-A', value: 'a' }] } });
      await publish();
      await update({ name: 'Three', request: { headers: [{ name: 'X-A', value: 'b' }] } });
    });

    it('is shown place by place, with what stood there and what stands there', async () => {
      expect(await diff(1, 2)).toMatchObject({ key: toolKey, from: 1, to: 2 });
      expect((await diff(1, 2)).changes).toHaveLength(3);
      expect((await diff(1, 2)).changes).toEqual(
        expect.arrayContaining([
          { pointer: '/name', from: 'One', to: 'Two' },
          { pointer: '/messages', from: { start: 'Wait' } },
          { pointer: '/request/headers', to: [{ name: 'X-A', value: 'a' }] },
        ]),
      );
      expect((await diff(2, 1)).changes).toContainEqual({ pointer: '/name', from: 'Two', to: 'One' });
    });

    it('and the draft is shown too', async () => {
      expect(await diff(2, 'draft')).toEqual({
        key: toolKey,
        from: 2,
        to: 'draft',
        changes: expect.arrayContaining([
          { pointer: '/name', from: 'Two', to: 'Three' },
          { pointer: '/request/headers/0/value', from: 'a', to: 'b' },
        ]),
      });
      expect((await diff(2, 2)).changes).toEqual([]);
    });

    it('needs versions there are, of the organization’s own', async () => {
      await expect(diff(1, 9)).rejects.toMatchObject({ code: 'version_not_found' });
      await expect(diff(9, 1)).rejects.toMatchObject({ code: 'version_not_found' });
      await expect(
        catalog.call(diffToolVersions, { orgId: randomUUID(), toolKey, version: 1, to: 'draft' }),
      ).rejects.toMatchObject({ code: 'version_not_found' });
    });
  });

  describe('when it is restored', () => {
    const archive = () => catalog.call(archiveTool, { orgId, toolKey });
    const restore = (ifRevision?: number) => catalog.call(restoreTool, { orgId, toolKey, ifRevision });

    it('is that it runs again what was published, and that its draft is as it was', async () => {
      await create({ name: 'One' });
      await publish();
      await archive();
      const heard = once(announced, 'changed');

      expect(await restore()).toMatchObject({
        status: 'active',
        publishedVersion: 1,
        hasUnpublishedChanges: false,
      });
      expect(await heard).toEqual([{ orgId, toolKey }]);
      expect((await catalog.call(resolveTool, { orgId, toolKey })).version).toBe(1);
      expect((await publish()).version).toBe(1);

      await update({ name: 'Two' });
      await archive();
      expect(await restore()).toMatchObject({
        hasUnpublishedChanges: true,
        definition: { name: 'Two' },
      });
    });

    it('is nothing when it is in use, and insists on a revision like every change', async () => {
      await create();
      expect(await restore()).toEqual(await catalog.call(getTool, { orgId, toolKey }));
      const { revision } = await archive();

      await expect(restore(revision - 1)).rejects.toMatchObject({ code: 'precondition_failed' });
      expect((await restore(revision)).revision).toBe(revision + 1);
      await expect(catalog.call(restoreTool, { orgId: randomUUID(), toolKey })).rejects.toMatchObject({
        code: 'tool_not_found',
      });
    });
  });

  describe('when it is published, and who notices', () => {
    const dependents = () => catalog.call(getDependents, { orgId, toolKey });
    const bind = (agentId: string, ...tools: { key: string; [field: string]: unknown }[]) =>
      catalog.call(bindAgentTools, { orgId, agentId, tools });

    it('is shown for the agents bound to it, with what of their overrides will not fit', async () => {
      await create({ parameters: strings('old', 'kept') });
      await publish();
      await create({ key: 'other' });
      await bind('a', { key: toolKey, parameters: { old: { default: '1' }, kept: { default: '2' } } });
      await bind('b', { key: 'other' }, { key: toolKey });
      await bind('c', { key: toolKey, version: 1, parameters: { old: { default: '1' } } });
      await bind('d', { key: 'other' });

      expect(await dependents()).toMatchObject({ agentCount: 3, agents: [{ problems: [] }, {}, {}] });
      await update({ parameters: strings('new', 'kept') });

      expect(await dependents()).toEqual({
        key: toolKey,
        agents: [
          {
            agentId: 'a',
            problems: [expect.objectContaining({ pointer: '/parameters/old', code: 'unknown_name' })],
          },
          { agentId: 'b', problems: [] },
          { agentId: 'c', version: 1, problems: [] },
        ],
        agentCount: 3,
        tools: [],
      });
    });

    it('is shown for the tools that read its variables, with those its draft does not give any more', async () => {
      const gives = (...names: string[]): Overrides => ({
        response: { variables: names.map((name) => ({ name, path: name })) },
      });
      await create(gives('customer', 'orders', 'total'));
      await publish();
      await update(gives('customer', 'total', 'eta'));
      await create({ key: 'refund', callVariables: ['customer', 'orders', 'weather'] });
      await create({
        key: 'cancel',
        parameters: strings('order_id'),
        allowedValuesFrom: { order_id: 'orders[*].id' },
      });
      await create({ key: 'forecast', callVariables: ['weather'] });
      await create({ key: 'plain' });
      await create({ key: 'gone', callVariables: ['customer'] });
      await catalog.call(archiveTool, { orgId, toolKey: 'gone' });
      await create({ key: 'changed', callVariables: ['eta'] });
      await publish('changed');
      await update({ key: 'changed', callVariables: ['total'] });

      expect((await dependents()).tools).toEqual([
        { key: 'cancel', variables: ['orders'], missing: ['orders'] },
        { key: 'changed', variables: ['eta'], missing: [] },
        { key: 'refund', variables: ['customer', 'orders'], missing: ['orders'] },
      ]);
    });

    it('is nothing of another organization', async () => {
      await create();
      await bind('a', { key: toolKey });
      const other = randomUUID();
      await catalog.call(createTool, { orgId: other, definition: toolInput() });

      expect(await catalog.call(getDependents, { orgId: other, toolKey })).toEqual({
        key: toolKey,
        agents: [],
        agentCount: 0,
        tools: [],
      });
      await expect(catalog.call(getDependents, { orgId: randomUUID(), toolKey })).rejects.toMatchObject({
        code: 'tool_not_found',
      });
    });
  });
});
