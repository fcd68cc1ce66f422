import { toolChanged, type ListTools, type Tool, type ToolPage } from '#contracts/catalog.contract';
import { decodeCursor, encodeCursor } from '#contracts/cursor';
import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import type { Deadline } from '#messaging/deadline';
import { RpcClient } from '#messaging/rpc.client';
import { forOrganization, queryForOrganizations, readForOrganization } from '#runtime/organizations';
import type { ToolDefinition, ToolDefinitionInput } from '#toolcall/tool-definition';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, MoreThan } from 'typeorm';
import { DefinitionGate } from './definition-gate.service.js';
import {
  findTool,
  lockAnyTool,
  lockTool,
  renew,
  toolNotFound,
  toTool,
  type ToolName,
} from './tools.queries.js';
import { ToolEntity } from './tool.entity.js';

const DEFAULT_LIMIT = 50;

/** Drafts: what builders work on. What live calls run is the business of `VersionsService`. */
@Injectable()
export class ToolsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly gate: DefinitionGate,
    private readonly rpc: RpcClient,
  ) {}

  async create(orgId: string, input: ToolDefinitionInput, deadline: Deadline): Promise<Tool> {
    const definition = await this.gate.admit(orgId, input, deadline);
    const created = (await this.insert(orgId, definition)) ?? (await this.revive(orgId, definition));
    if (!created) throw new ServiceError('tool_exists', `There is a tool \`${definition.key}\` already`);
    return created;
  }

  async get(name: ToolName): Promise<Tool> {
    const tool = await findTool(this.dataSource, name);
    return tool ? toTool(tool) : toolNotFound(name);
  }

  /** By key. */
  async list({ orgId, limit = DEFAULT_LIMIT, cursor, status = 'active' }: ListTools): Promise<ToolPage> {
    const [after] = cursor === undefined ? [] : decodeCursor(cursor, 1);
    const found = await readForOrganization(this.dataSource, orgId, (manager) =>
      manager.find(ToolEntity, {
        where: { orgId, status, ...(after !== undefined && { key: MoreThan(after) }) },
        order: { key: 'ASC' },
        take: limit + 1,
      }),
    );
    const items = found.slice(0, limit).map(toTool);
    const last = items.at(-1);
    return { items, ...(found.length > limit && last && { nextCursor: encodeCursor(last.key) }) };
  }

  /** Replaces the draft. Live calls go on running what is published. */
  async update(
    name: ToolName,
    input: ToolDefinitionInput,
    ifRevision: number | undefined,
    deadline: Deadline,
  ): Promise<Tool> {
    if (input.key !== name.toolKey) {
      const message = `must be \`${name.toolKey}\`: a tool keeps its key; create another tool instead`;
      throw invalidRequest([{ pointer: '/definition/key', code: 'not_allowed', message }]);
    }
    const definition = await this.gate.admit(name.orgId, input, deadline);
    return forOrganization(this.dataSource, name.orgId, async (manager) => {
      const tool = await lockTool(manager, name, ifRevision);
      return toTool(await manager.save(Object.assign(tool, { definition, revision: tool.revision + 1 })));
    });
  }

  /** Takes the tool out of use, drafts and live calls alike. Its versions are kept. */
  async archive(name: ToolName, ifRevision: number | undefined): Promise<Tool> {
    const archived = await forOrganization(this.dataSource, name.orgId, async (manager) => {
      const tool = await lockTool(manager, name, ifRevision);
      return toTool(await manager.save(withStatus(tool, 'archived')));
    });
    this.rpc.announce(toolChanged, name);
    return archived;
  }

  /** Takes an archived tool into use again, as it was; one in use stays as it is. */
  async restore(name: ToolName, ifRevision: number | undefined): Promise<Tool> {
    const restored = await forOrganization(this.dataSource, name.orgId, async (manager) => {
      const tool = await lockAnyTool(manager, name, ifRevision);
      return toTool(tool.status === 'active' ? tool : await manager.save(withStatus(tool, 'active')));
    });
    this.rpc.announce(toolChanged, name);
    return restored;
  }

  private async insert(orgId: string, definition: ToolDefinition): Promise<Tool | undefined> {
    const { key } = definition;
    const { rowCount } = await queryForOrganizations(this.dataSource, [orgId], {
      text: `INSERT INTO catalog.tools (org_id, key, status, revision, definition) VALUES ($1, $2, 'active', 1, $3)
             ON CONFLICT DO NOTHING`,
      values: [orgId, key, JSON.stringify(definition)],
    });
    return rowCount === 1 ? this.get({ orgId, toolKey: key }) : undefined;
  }

  /** A key whose tool was archived may be used again: revisions and version numbers go on where they were; environments do not. */
  private async revive(orgId: string, definition: ToolDefinition): Promise<Tool | undefined> {
    return forOrganization(this.dataSource, orgId, async (manager) => {
      const where = { orgId, key: definition.key, status: 'archived' as const };
      const tool = await manager.findOne(ToolEntity, { where, lock: { mode: 'pessimistic_write' } });
      if (!tool) return undefined;
      return toTool(await renew(manager, tool, definition));
    });
  }
}

/** The tool at its next revision. The draft is the same: what was published of it still is. */
function withStatus(tool: ToolEntity, status: ToolEntity['status']): ToolEntity {
  const revision = tool.revision + 1;
  const isPublished = tool.publishedRevision === tool.revision;
  return Object.assign(tool, { status, revision, ...(isPublished && { publishedRevision: revision }) });
}
