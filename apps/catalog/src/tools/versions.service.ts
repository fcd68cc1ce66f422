import {
  toolChanged,
  type ListToolVersions,
  type ToolVersion,
  type ToolVersionPage,
  type VersionDiff,
} from '#contracts/catalog.contract';
import { decodeCursor, encodeCursor } from '#contracts/cursor';
import { ServiceError } from '#contracts/errors';
import type { Deadline } from '#messaging/deadline';
import { RpcClient } from '#messaging/rpc.client';
import { forOrganization, readForOrganization } from '#runtime/organizations';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, LessThan, type EntityManager } from 'typeorm';
import { EnvironmentsService } from '../environments/environments.service.js';
import { DefinitionGate } from './definition-gate.service.js';
import { diffJson } from './diff-json.js';
import { findTool, lockTool, toolNotFound, toVersion, type ToolName } from './tools.queries.js';
import { ToolVersionEntity } from './tool-version.entity.js';
import { ToolEntity } from './tool.entity.js';

const DEFAULT_LIMIT = 50;

/** Published versions: immutable, numbered, and what live calls run. */
@Injectable()
export class VersionsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly environments: EnvironmentsService,
    private readonly gate: DefinitionGate,
    private readonly rpc: RpcClient,
  ) {}

  /** Makes the draft the next version. A draft that is published already stays the version it is. */
  async publish(name: ToolName, ifRevision: number | undefined, deadline: Deadline): Promise<ToolVersion> {
    const draft = await findTool(this.dataSource, name);
    if (draft) {
      await this.gate.checkCredentials(name.orgId, draft.definition, deadline);
      await this.environments.checkFollowers(name, draft.definition, deadline);
    }
    return this.announcing(name, async (manager) => {
      const tool = await lockTool(manager, name, ifRevision);
      if (tool.publishedRevision === tool.revision && tool.publishedVersion !== null) {
        return this.find(name, tool.publishedVersion, manager);
      }
      if (tool.revision !== draft?.revision) {
        throw new ServiceError('precondition_failed', 'The draft was changed while it was being published');
      }
      return this.append(manager, tool, tool.definition);
    });
  }

  /** Publishes an earlier version's definition again, under a new number, and makes it the draft. */
  async rollBack(name: ToolName, version: number, ifRevision: number | undefined): Promise<ToolVersion> {
    return this.announcing(name, async (manager) => {
      const tool = await lockTool(manager, name, ifRevision);
      const { definition } = await this.find(name, version, manager);
      return this.append(manager, tool, definition);
    });
  }

  /** Newest first. */
  async list({ orgId, toolKey, limit = DEFAULT_LIMIT, cursor }: ListToolVersions): Promise<ToolVersionPage> {
    const [before] = cursor === undefined ? [] : decodeCursor(cursor, 1);
    const where = { orgId, key: toolKey };
    const found = await readForOrganization(this.dataSource, orgId, async (manager) => {
      if (!(await manager.existsBy(ToolEntity, where))) return toolNotFound({ orgId, toolKey });
      return manager.find(ToolVersionEntity, {
        where: { ...where, ...(before !== undefined && { version: LessThan(Number(before) || 0) }) },
        order: { version: 'DESC' },
        take: limit + 1,
      });
    });
    const items = found.slice(0, limit).map(toVersion);
    const last = items.at(-1);
    return { items, ...(found.length > limit && last && { nextCursor: encodeCursor(String(last.version)) }) };
  }

  async get(name: ToolName, version: number): Promise<ToolVersion> {
    return readForOrganization(this.dataSource, name.orgId, (manager) => this.find(name, version, manager));
  }

  /** What changed from one version to another, or to the draft. */
  async diff(name: ToolName, version: number, to: number | 'draft'): Promise<VersionDiff> {
    const { definition: from } = await this.get(name, version);
    const { definition } = to === 'draft' ? await this.draft(name) : await this.get(name, to);
    return { key: name.toolKey, from: version, to, changes: diffJson(from, definition) };
  }

  private async draft(name: ToolName): Promise<ToolEntity> {
    return (await findTool(this.dataSource, name)) ?? toolNotFound(name);
  }

  private async announcing(
    name: ToolName,
    change: (manager: EntityManager) => Promise<ToolVersion>,
  ): Promise<ToolVersion> {
    const version = await forOrganization(this.dataSource, name.orgId, change);
    this.rpc.announce(toolChanged, name);
    return version;
  }

  private async append(
    manager: EntityManager,
    tool: ToolEntity,
    definition: ToolDefinition,
  ): Promise<ToolVersion> {
    const { orgId, key } = tool;
    const newest = await manager.findOne(ToolVersionEntity, {
      where: { orgId, key },
      order: { version: 'DESC' },
    });
    const version = (newest?.version ?? 0) + 1;
    const published = await manager.save(
      manager.create(ToolVersionEntity, { orgId, key, version, definition }),
    );
    const revision = tool.revision + 1;
    const change = { definition, revision, publishedVersion: version, publishedRevision: revision };
    await manager.save(Object.assign(tool, change));
    return toVersion(published);
  }

  private async find(
    { orgId, toolKey }: ToolName,
    version: number,
    manager: EntityManager,
  ): Promise<ToolVersion> {
    const found = await manager.findOneBy(ToolVersionEntity, { orgId, key: toolKey, version });
    if (found) return toVersion(found);
    throw new ServiceError('version_not_found', `The tool \`${toolKey}\` has no version ${version}`);
  }
}
