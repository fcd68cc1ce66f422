import type { DescribeTools, ResolvedTool, ResolveTool, ToolDescriptions } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import { applyBinding } from '#toolcall/apply-binding';
import { describeTool } from '#toolcall/describe-tool';
import type { ToolBinding } from '#toolcall/tool-binding';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { AgentsService } from '../agents/agents.service.js';
import { findVersions, toolArchived, toolNotFound } from './tools.queries.js';
import { ToolVersionEntity } from './tool-version.entity.js';
import { ToolEntity } from './tool.entity.js';
import { VersionsService } from './versions.service.js';

const DRAFT_VERSION = 0;

/** What live calls run and models are shown: published versions, as the agent has them. */
@Injectable()
export class ResolutionService {
  constructor(
    @InjectRepository(ToolEntity) private readonly tools: Repository<ToolEntity>,
    @InjectRepository(ToolVersionEntity) private readonly published: Repository<ToolVersionEntity>,
    private readonly versions: VersionsService,
    private readonly agents: AgentsService,
  ) {}

  /**
   * What an executor runs: the version that was asked for, else the one the agent is kept at, else the published one;
   * the draft for a test. With the agent's overrides.
   */
  async resolve({ version, agentId, ...name }: ResolveTool): Promise<ResolvedTool> {
    const [tool, binding] = await Promise.all([
      this.tools.findOneBy({ orgId: name.orgId, key: name.toolKey }),
      agentId === undefined ? undefined : this.bindingOf({ ...name, agentId }),
    ]);
    if (!tool) return toolNotFound(name);
    if (tool.status === 'archived') throw toolArchived(name);
    if (binding === 'none') {
      const message = `This agent does not have the tool \`${name.toolKey}\``;
      throw new ServiceError('tool_not_allowed', message);
    }
    if (version === 'draft') return resolved(tool.key, DRAFT_VERSION, tool.definition, binding);
    const wanted = version ?? binding?.version ?? tool.publishedVersion;
    if (wanted === null)
      throw new ServiceError('tool_not_published', `The tool \`${name.toolKey}\` is not published yet`);
    const { definition } = await this.versions.get(name, wanted);
    return resolved(tool.key, wanted, definition, binding);
  }

  /** The published tools, or the agent's, as function schemas, by key. What the agent's overrides no longer fit is left out. */
  async describe(orgId: string, { agentId, format = 'patchbay' }: DescribeTools): Promise<ToolDescriptions> {
    const bindings = agentId === undefined ? undefined : await this.agents.bindingsOf({ orgId, agentId });
    const definitions = await (bindings ? this.boundTo(orgId, bindings) : this.allPublished(orgId));
    return { format, tools: definitions.map((definition) => describeTool(definition, format)) };
  }

  /** What is said of the tool for the agent; nothing where the agent has every tool, `none` where it has not this one. */
  private async bindingOf({
    toolKey,
    ...agent
  }: {
    orgId: string;
    toolKey: string;
    agentId: string;
  }): Promise<ToolBinding | 'none' | undefined> {
    const bindings = await this.agents.bindingsOf(agent);
    return bindings && (bindings.find(({ key }) => key === toolKey) ?? 'none');
  }

  private async allPublished(orgId: string): Promise<ToolDefinition[]> {
    const published = await this.published
      .createQueryBuilder('version')
      .innerJoin(ToolEntity, 'tool', 'tool.orgId = version.orgId AND tool.key = version.key')
      .where('version.orgId = :orgId AND tool.status = :status', { orgId, status: 'active' })
      .andWhere('tool.publishedVersion = version.version')
      .orderBy('version.key')
      .getMany();
    return published.map(({ definition }) => definition);
  }

  private async boundTo(orgId: string, bindings: readonly ToolBinding[]): Promise<ToolDefinition[]> {
    const byKey = new Map(bindings.map((binding) => [binding.key, binding]));
    const tools = await this.tools.find({
      select: { key: true, publishedVersion: true },
      where: { orgId, status: 'active', key: In([...byKey.keys()]) },
      order: { key: 'ASC' },
    });
    const wanted = tools.flatMap(({ key, publishedVersion }) => {
      const version = byKey.get(key)?.version ?? publishedVersion;
      return version === null ? [] : [{ key, version }];
    });
    const definitionOf = await findVersions(this.tools.manager, orgId, wanted);
    return wanted.flatMap(({ key, version }) => {
      const [definition, binding] = [definitionOf(key, version), byKey.get(key)];
      const bound = definition && binding && applyBinding(definition, binding);
      return bound?.ok ? [bound.definition] : [];
    });
  }
}

function resolved(
  key: string,
  version: number,
  definition: ToolDefinition,
  binding: ToolBinding | undefined,
): ResolvedTool {
  if (!binding) return { key, version, definition };
  const bound = applyBinding(definition, binding);
  if (bound.ok) return { key, version, definition: bound.definition };
  const [problem] = bound.problems;
  const message = `The agent's overrides of \`${key}\` do not fit version ${version}: ${problem?.pointer ?? ''} ${problem?.message ?? ''}`;
  throw new ServiceError('binding_outdated', message, { problems: bound.problems });
}
