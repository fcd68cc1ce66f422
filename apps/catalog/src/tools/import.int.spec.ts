import {
  archiveTool,
  createTool,
  getTool,
  getToolVersion,
  importTools,
  publishTool,
  toolChanged,
} from '#contracts/catalog.contract';
import type { TestService } from '#testing/test-service';
import type { ServiceError } from '#contracts/errors';
import { toolInput } from '#testing/tool-definition.builder';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { startCatalog } from '../../test/running-catalog.js';

const CREDENTIAL = randomUUID();

describe('an import', () => {
  let catalog: TestService;
  let orgId: string;

  beforeAll(async () => {
    catalog = await startCatalog({
      credentialOf: (id) => (id === CREDENTIAL ? { origins: ['https://api.example.com'] } : undefined),
    });
  });
  beforeEach(() => {
    orgId = randomUUID();
  });
  afterAll(() => catalog.stop());

  const definitionsOf = (...keys: string[]) => keys.map((key) => toolInput({ key }));
  const run = (
    definitions: ReturnType<typeof definitionsOf>,
    more: { save?: boolean; replace?: boolean } = {},
  ) => catalog.call(importTools, { orgId, definitions, save: true, ...more });
  const exists = (toolKey: string) =>
    catalog.call(getTool, { orgId, toolKey }).then(
      () => true,
      () => false,
    );

  it('saves drafts of all its tools', async () => {
    const definitions = [
      ...definitionsOf('b_tool', 'a_tool'),
      toolInput({ key: 'with_credential', request: { credentialId: CREDENTIAL } }),
    ];

    expect(await run(definitions)).toEqual({
      saved: true,
      tools: ['b_tool', 'a_tool', 'with_credential'].map((key) => ({ key, replaces: false, problems: [] })),
    });
    expect(await catalog.call(getTool, { orgId, toolKey: 'with_credential' })).toMatchObject({
      revision: 1,
      hasUnpublishedChanges: true,
      definition: { request: { credentialId: CREDENTIAL } },
    });
    expect(await Promise.all(['a_tool', 'b_tool'].map(exists))).toEqual([true, true]);
  });

  it('that is only judged saves nothing', async () => {
    expect(await run(definitionsOf('a_tool'), { save: false })).toMatchObject({
      saved: false,
      tools: [{ problems: [] }],
    });
    expect(await exists('a_tool')).toBe(false);
  });

  it('saves nothing when anything is wrong with one of its tools, and says everything that is wrong', async () => {
    await catalog.call(createTool, { orgId, definition: toolInput({ key: 'there_already' }) });
    const definitions = [
      ...definitionsOf('fine', 'there_already', 'twice', 'twice'),
      toolInput({
        key: 'elsewhere',
        request: { url: 'https://other.example.com/x', credentialId: CREDENTIAL },
      }),
      toolInput({ key: 'nobodys', request: { credentialId: randomUUID() } }),
      toolInput({ key: 'broken', request: { url: 'https://{tenant}.example.com' } }),
    ];

    const { saved, tools } = await run(definitions);

    expect(saved).toBe(false);
    expect(
      tools.map(({ key, replaces, problems }) => [
        key,
        replaces,
        problems.map(({ pointer, code }) => `${pointer} ${code}`),
      ]),
    ).toEqual([
      ['fine', false, []],
      ['there_already', true, ['/key tool_exists']],
      ['twice', false, []],
      ['twice', false, ['/key duplicate']],
      ['elsewhere', false, ['/request/credentialId credential_origin_mismatch']],
      ['nobodys', false, ['/request/credentialId credential_not_found']],
      ['broken', false, ['/request/url not_allowed']],
    ]);
    expect(await exists('fine')).toBe(false);
  });

  it('replaces drafts when it is told to, and leaves what is published', async () => {
    await catalog.call(createTool, { orgId, definition: toolInput({ key: 'a_tool' }) });
    await catalog.call(publishTool, { orgId, toolKey: 'a_tool' });

    const changed = toolInput({ key: 'a_tool', name: 'Another name' });

    expect(await run([changed], { replace: true })).toMatchObject({
      saved: true,
      tools: [{ replaces: true, problems: [] }],
    });
    expect(await catalog.call(getTool, { orgId, toolKey: 'a_tool' })).toMatchObject({
      publishedVersion: 1,
      hasUnpublishedChanges: true,
      definition: { name: 'Another name' },
    });
    expect(await catalog.call(getToolVersion, { orgId, toolKey: 'a_tool', version: 1 })).toMatchObject({
      definition: { name: 'Get order' },
    });
  });

  it('takes archived tools into use again, which whoever holds them hears of', async () => {
    await catalog.call(createTool, { orgId, definition: toolInput({ key: 'a_tool' }) });
    await catalog.call(archiveTool, { orgId, toolKey: 'a_tool' });
    const heard = new EventEmitter();
    const subscription = catalog.link.connection.subscribe(toolChanged.subject, {
      callback: (_, message) => {
        heard.emit('changed', message.json());
      },
    });
    await catalog.link.connection.flush();
    const changed = once(heard, 'changed');

    expect(await run(definitionsOf('a_tool'))).toMatchObject({ saved: true, tools: [{ replaces: false }] });
    expect(await changed).toEqual([{ orgId, toolKey: 'a_tool' }]);
    expect(await catalog.call(getTool, { orgId, toolKey: 'a_tool' })).toMatchObject({ status: 'active' });
    subscription.unsubscribe();
  });

  it('of the same tools by two at once saves them once', async () => {
    const keys = Array.from({ length: 20 }, (_, n) => `tool_${n}`);
    const results = await Promise.allSettled([
      run(definitionsOf(...keys)),
      run(definitionsOf(...keys.toReversed())),
    ]);
    const outcomes = results.map((one) =>
      one.status === 'fulfilled' ? String(one.value.saved) : (one.reason as ServiceError).code,
    );

    // The slower one is refused when it looks, or when it saves.
    expect(outcomes.map((one) => (one === 'tool_exists' ? 'false' : one)).toSorted()).toEqual([
      'false',
      'true',
    ]);
  });
});
