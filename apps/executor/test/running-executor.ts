import { resolveTool, type ResolvedTool } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import { loadConfig } from '#runtime/load-config';
import { FakeResponder } from '#testing/fake-responder';
import { fakeVault } from '#testing/fake-vault';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { startTestService, type TestService } from '#testing/test-service';
import { toolDefinition } from '#testing/tool-definition.builder';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import { randomBytes } from 'node:crypto';
import { ExecutorConfig } from '../src/config.js';
import { executorDataSource } from '../src/data-source.js';
import { ExecutorModule } from '../src/executor.module.js';

type Overrides = NonNullable<Parameters<typeof toolDefinition>[0]>;

/** An executor on a bus and a migrated database of its own, with stand-ins for catalog and vault, and an API to call. */
export interface RunningExecutor extends TestService {
  readonly upstream: UpstreamServer;
  readonly vault: Awaited<ReturnType<typeof fakeVault>>;
  /** Publishes a tool; its URL is the API's unless said otherwise. @returns its key */
  publish(overrides?: Overrides, resolved?: Partial<ResolvedTool>): string;
}

export async function startExecutor(settings: Record<string, string> = {}): Promise<RunningExecutor> {
  const nats = await startTestNats();
  const upstream = await startUpstream();
  const others = await FakeResponder.start(nats.url);
  const tools = new Map<string, ResolvedTool>();
  await others.answer(resolveTool, ({ toolKey }) => {
    const tool = tools.get(toolKey);
    if (!tool) throw new ServiceError('tool_not_found', `There is no tool \`${toolKey}\``);
    return tool;
  });
  const executorKey = randomBytes(32);
  const vault = await fakeVault(others, executorKey);
  const url = await migrateAsService(executorDataSource, await createTestDatabase());
  const config = loadConfig(ExecutorConfig, {
    NATS_URL: nats.url,
    DATABASE_URL: url,
    EXECUTOR_KEY: executorKey.toString('base64'),
    ...settings,
    EGRESS_ALLOW: [upstream.origin, settings.EGRESS_ALLOW].filter(Boolean).join(),
  });
  const executor = await startTestService('executor', nats.url, ExecutorModule.forRoot(config));
  return {
    ...executor,
    upstream,
    vault,
    publish: (overrides = {}, resolved = {}) => {
      const key = `tool_${tools.size}`;
      const request = { url: `${upstream.origin}/orders`, ...overrides.request };
      const definition = toolDefinition({ ...overrides, key, request });
      tools.set(key, { key, version: 1, definition, ...resolved });
      return key;
    },
    stop: async () => {
      await executor.stop();
      await others.stop();
      await upstream.stop();
      await nats.stop();
    },
  };
}
