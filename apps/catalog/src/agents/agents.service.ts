import { agentChanged, type AgentTools } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import { RpcClient } from '#messaging/rpc.client';
import { queryForOrganizations, readForOrganization } from '#runtime/organizations';
import { applyBinding } from '#toolcall/apply-binding';
import type { Problem } from '#toolcall/problem';
import type { ToolBinding } from '#toolcall/tool-binding';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DataSource, In } from 'typeorm';
import { ToolEntity } from '../tools/tool.entity.js';
import { findVersions, liveVersions } from '../tools/tools.queries.js';
import { AgentToolsEntity } from './agent-tools.entity.js';

/** One agent of one organization. */
export interface AgentName {
  readonly orgId: string;
  readonly agentId: string;
}

/** The revision of an agent nobody has bound. */
const UNBOUND = 1;

const BIND = `
  INSERT INTO catalog.agent_tools AS agent (org_id, agent_id, revision, bindings)
  SELECT $1::uuid, $2::text, ${UNBOUND + 1}, $3::json
  WHERE $4::int IS NULL OR $4 = ${UNBOUND}
     OR EXISTS (SELECT FROM catalog.agent_tools WHERE org_id = $1 AND agent_id = $2)
  ON CONFLICT (org_id, agent_id) DO UPDATE
    SET bindings = excluded.bindings, revision = agent.revision + 1, updated_at = now()
    WHERE $4::int IS NULL OR agent.revision = $4
  RETURNING agent_id AS "agentId", revision, bindings, updated_at AS "updatedAt"`;

/** Which tools an agent has, and how they differ there. */
@Injectable()
export class AgentsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly rpc: RpcClient,
  ) {}

  async get(name: AgentName): Promise<AgentTools> {
    const row = await this.find(name);
    return row ? toAgentTools(row) : { agentId: name.agentId, revision: UNBOUND };
  }

  /** The agent's tools; undefined while nobody has bound it, and it has every published one. */
  async bindingsOf(name: AgentName): Promise<readonly ToolBinding[] | undefined> {
    return (await this.find(name))?.bindings;
  }

  /** @throws ServiceError `invalid_request` with every problem of every binding, `precondition_failed` */
  async bind(
    name: AgentName,
    bindings: readonly ToolBinding[],
    ifRevision: number | undefined,
  ): Promise<AgentTools> {
    const problems = await this.problemsOf(name.orgId, bindings);
    if (problems.length > 0) throw invalidRequest(problems);
    const { orgId, agentId } = name;
    const { rows } = await queryForOrganizations<AgentToolsEntity>(this.dataSource, [orgId], {
      text: BIND,
      values: [orgId, agentId, JSON.stringify(bindings), ifRevision ?? null],
    });
    const [bound] = rows;
    if (!bound) {
      const message = `The agent's tools are not at revision ${String(ifRevision)} any more`;
      throw new ServiceError('precondition_failed', message);
    }
    this.rpc.announce(agentChanged, name);
    return toAgentTools(bound);
  }

  private find({ orgId, agentId }: AgentName): Promise<AgentToolsEntity | null> {
    return readForOrganization(this.dataSource, orgId, (manager) =>
      manager.findOneBy(AgentToolsEntity, { orgId, agentId }),
    );
  }

  private async problemsOf(orgId: string, bindings: readonly ToolBinding[]): Promise<Problem[]> {
    const keys = bindings.map(({ key }) => key);
    const rows = await readForOrganization(this.dataSource, orgId, (manager) =>
      manager.findBy(ToolEntity, { orgId, key: In(keys) }),
    );
    const tools = new Map(rows.map((tool) => [tool.key, tool]));
    const live = await liveVersions(this.dataSource, orgId, 'production', keys);
    const runs = new Map(live.map(({ key, version }) => [key, version]));
    const wanted = bindings.flatMap(({ key, version = runs.get(key) }) =>
      version ? [{ key, version }] : [],
    );
    const versions = await findVersions(this.dataSource, orgId, wanted);
    const problems: Problem[] = [];
    for (const [index, binding] of bindings.entries()) {
      const { key, version } = binding;
      const definition = versions(key, version ?? runs.get(key));
      const isRepeated = keys.indexOf(key) !== index;
      const found = isRepeated ? [repeated(key)] : bindingProblems(binding, tools.get(key), definition);
      problems.push(...found.map((one) => ({ ...one, pointer: `/tools/${index}${one.pointer}` })));
      await nextTurn(); // each is checked like a tool that is saved; resolving must not wait for all of them
    }
    return problems;
  }
}

function repeated(key: string): Problem {
  return { pointer: '/key', code: 'duplicate', message: `\`${key}\` is bound more than once` };
}

/** @param runs the version it would run; of a tool that is not published yet, the draft is checked as it stands */
function bindingProblems(
  binding: ToolBinding,
  tool: ToolEntity | undefined,
  runs: ToolDefinition | undefined,
): readonly Problem[] {
  const { key, version } = binding;
  if (!tool) return [{ pointer: '/key', code: 'tool_not_found', message: 'names no tool of yours' }];
  if (tool.status === 'archived') {
    return [{ pointer: '/key', code: 'tool_archived', message: `\`${key}\` is archived` }];
  }
  if (!runs && version !== undefined) {
    const message = `\`${key}\` has no version ${version}`;
    return [{ pointer: '/version', code: 'version_not_found', message }];
  }
  const bound = applyBinding(runs ?? tool.definition, binding);
  return bound.ok ? [] : bound.problems;
}

function toAgentTools({ agentId, revision, bindings, updatedAt }: AgentToolsEntity): AgentTools {
  return { agentId, revision, tools: bindings, updatedAt: updatedAt.toISOString() };
}
