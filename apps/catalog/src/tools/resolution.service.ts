import type { DescribeTools, ResolvedTool, ResolveTool, ToolDescriptions } from '#contracts/catalog.contract';
import type { Environment } from '#contracts/common.contract';
import { ServiceError } from '#contracts/errors';
import { GrantKey } from '#sealing/credential-grant';
import { applyBinding } from '#toolcall/apply-binding';
import { applyEnvironment } from '#toolcall/apply-environment';
import { describeTool } from '#toolcall/describe/describe-tool';
import type { ToolBinding } from '#toolcall/tool-binding';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { AgentsService } from '../agents/agents.service.js';
import { EnvironmentsService } from '../environments/environments.service.js';
import { grantOf } from './credential-grant.js';
import { inTurns } from './in-turns.js';
import {
  findTool,
  findVersions,
  liveVersions,
  toolArchived,
  toolNotFound,
  type ToolName,
} from './tools.queries.js';
import { VersionsService } from './versions.service.js';

const DRAFT_VERSION = 0;

/** What live calls run and models are shown: what an environment stands for, as the agent has it. */
@Injectable()
export class ResolutionService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly versions: VersionsService,
    private readonly environments: EnvironmentsService,
    private readonly agents: AgentsService,
    private readonly grantKey: GrantKey,
  ) {}

  /**
   * What an executor runs. A version that was asked for, or the draft for a test, runs as it was written. Else the
   * environment says where, and which version; in production an agent may be kept at another one. With the agent's
   * overrides, and with what has the vault open its credential.
   */
  async resolve(request: ResolveTool): Promise<ResolvedTool> {
    const tool = await this.find(request);
    const { orgId, version, environment = 'production' } = request;
    // What runs as it was written is what production runs, until somebody puts that elsewhere.
    const ranIn = version === undefined ? environment : 'production';
    const grant = grantOf({ ...tool, orgId, environment: ranIn }, this.grantKey, new Date());
    return { ...tool, ...(grant !== undefined && { grant, environment: ranIn }) };
  }

  /** What an environment's tools, or the agent's among them, look like to a model. */
  async describe(orgId: string, request: DescribeTools): Promise<ToolDescriptions> {
    const { format = 'patchbay' } = request;
    const definitions = await this.definitions(orgId, request);
    return { format, tools: await inTurns(definitions, (definition) => describeTool(definition, format)) };
  }

  /**
   * An environment's tools, or the agent's among them as it has them, by key. Tools that the agent's overrides no longer
   * fit are left out.
   */
  async definitions(
    orgId: string,
    { agentId, environment = 'production' }: Pick<DescribeTools, 'agentId' | 'environment'>,
  ): Promise<ToolDefinition[]> {
    const bindings = agentId === undefined ? undefined : await this.agents.bindingsOf({ orgId, agentId });
    const bindingOf = new Map(bindings?.map((binding) => [binding.key, binding]));
    const keys = bindings && [...bindingOf.keys()];
    const live = await liveVersions(this.dataSource, orgId, environment, keys);
    const wanted = live.flatMap(({ key, version }) => {
      const kept = environment === 'production' ? bindingOf.get(key)?.version : undefined;
      const shown = kept ?? version;
      return shown === null ? [] : [{ key, version: shown }];
    });
    const definitionOf = await findVersions(this.dataSource, orgId, wanted);
    const definitions: ToolDefinition[] = [];
    for (const { key, version } of wanted) {
      const definition = definitionOf(key, version);
      if (!definition) continue;
      const bound = applyBinding(definition, bindingOf.get(key) ?? { key });
      if (bound.ok) definitions.push(bound.definition);
      // Overrides take a millisecond to check; who else asks must not wait for all of them.
      if (!bound.ok || bound.definition !== definition) await nextTurn();
    }
    return definitions;
  }

  private async find(request: ResolveTool): Promise<Resolved> {
    const { version, environment = 'production', agentId, ...name } = request;
    const [tool, row, binding] = await Promise.all([
      findTool(this.dataSource, name),
      version === undefined ? this.environments.find(name, environment) : undefined,
      agentId === undefined ? undefined : this.bindingOf(name, agentId),
    ]);
    if (!tool) return toolNotFound(name);
    if (tool.status === 'archived') throw toolArchived(name);
    if (binding === 'none') {
      const message = `This agent does not have the tool \`${name.toolKey}\``;
      throw new ServiceError('tool_not_allowed', message);
    }
    if (version === 'draft') return resolved(tool.key, DRAFT_VERSION, tool.definition, binding);
    if (version === undefined && !row && environment !== 'production')
      throw environmentNotSet(name, environment);
    const kept = environment === 'production' ? binding?.version : undefined;
    const wanted = version ?? kept ?? row?.version ?? tool.publishedVersion;
    if (wanted === null)
      throw new ServiceError('tool_not_published', `The tool \`${name.toolKey}\` is not published yet`);
    const { definition } = await this.versions.get(name, wanted);
    return resolved(tool.key, wanted, row ? applyEnvironment(definition, row) : definition, binding);
  }

  /** What is said of the tool for the agent; nothing where the agent has every tool, `none` where it has not this one. */
  private async bindingOf(
    { orgId, toolKey }: ToolName,
    agentId: string,
  ): Promise<ToolBinding | 'none' | undefined> {
    const bindings = await this.agents.bindingsOf({ orgId, agentId });
    return bindings && (bindings.find(({ key }) => key === toolKey) ?? 'none');
  }
}

type Resolved = Omit<ResolvedTool, 'grant' | 'environment'>;

function environmentNotSet({ toolKey }: ToolName, environment: Environment): ServiceError {
  const message = `The tool \`${toolKey}\` stands for nothing in \`${environment}\`; put it there first`;
  return new ServiceError('environment_not_set', message);
}

function resolved(
  key: string,
  version: number,
  definition: ToolDefinition,
  binding: ToolBinding | undefined,
): Resolved {
  if (!binding) return { key, version, definition };
  const bound = applyBinding(definition, binding);
  if (bound.ok) return { key, version, definition: bound.definition };
  const [problem] = bound.problems;
  const message = `The agent's overrides of \`${key}\` do not fit version ${version}: ${problem?.pointer ?? ''} ${problem?.message ?? ''}`;
  throw new ServiceError('binding_outdated', message, { problems: bound.problems });
}
