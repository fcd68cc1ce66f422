import type { Dependents } from '#contracts/catalog.contract';
import { queryForOrganizations } from '#runtime/organizations';
import { applyBinding } from '#toolcall/apply-binding';
import { callVariableNames } from '#toolcall/call-variables';
import type { ToolBinding } from '#toolcall/tool-binding';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { findTool, findVersions, toolNotFound, type ToolName } from './tools.queries.js';
import { ToolEntity } from './tool.entity.js';

type Reads = { [Field in 'callVariables' | 'allowedValuesFrom']: ToolDefinition[Field] | null };

const SHOWN_AGENTS = 200;

const AGENTS = `
  SELECT agent_id AS "agentId", binding, count(*) OVER ()::int AS count
  FROM catalog.agent_tools, json_array_elements(bindings) AS binding
  WHERE org_id = $1 AND binding ->> 'key' = $2
  ORDER BY agent_id LIMIT ${SHOWN_AGENTS}`;

const READERS = `
  SELECT key, reads -> 'callVariables' AS "callVariables", reads -> 'allowedValuesFrom' AS "allowedValuesFrom"
  FROM (
    SELECT tool.key, COALESCE(published.definition, tool.definition) AS reads
    FROM catalog.tools tool
    LEFT JOIN catalog.tool_versions published
      ON published.org_id = tool.org_id AND published.key = tool.key
         AND published.version = tool.published_version
    WHERE tool.org_id = $1 AND tool.key <> $2 AND tool.status = 'active'
  ) AS other
  WHERE reads -> 'callVariables' IS NOT NULL OR reads -> 'allowedValuesFrom' IS NOT NULL
  ORDER BY key`;

interface BoundAgent {
  readonly agentId: string;
  readonly binding: ToolBinding;
  readonly count: number;
}

/** Who would notice if a tool's draft were published. */
@Injectable()
export class DependentsService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async of(name: ToolName): Promise<Dependents> {
    const tool = await findTool(this.dataSource, name);
    if (!tool) return toolNotFound(name);
    const [agents, tools] = await Promise.all([this.agents(tool), this.readers(tool)]);
    return { key: tool.key, ...agents, tools };
  }

  private async agents({
    orgId,
    key,
    definition,
  }: ToolEntity): Promise<Pick<Dependents, 'agents' | 'agentCount'>> {
    const { rows } = await queryForOrganizations<BoundAgent>(this.dataSource, [orgId], {
      text: AGENTS,
      values: [orgId, key],
    });
    const agents: Dependents['agents'] = [];
    for (const { agentId, binding } of rows) {
      agents.push({ agentId, ...outcome(definition, binding) });
      await nextTurn(); // each is checked like a tool that is saved; resolving must not wait for all of them
    }
    return { agents, agentCount: rows[0]?.count ?? 0 };
  }

  /** Tools that read what this one gives, as they are published, or drafted while they are not. */
  private async readers({
    orgId,
    key,
    definition,
    publishedVersion: version,
  }: ToolEntity): Promise<Dependents['tools']> {
    const published =
      version === null ? undefined : await findVersions(this.dataSource, orgId, [{ key, version }]);
    const drafted = variablesOf(definition);
    const given = new Set([...drafted, ...variablesOf(published?.(key, version))]);
    if (given.size === 0) return [];
    const readers = await queryForOrganizations<{ key: string } & Reads>(this.dataSource, [orgId], {
      text: READERS,
      values: [orgId, key],
    });
    return readers.rows.flatMap(({ key: reader, callVariables, allowedValuesFrom }) => {
      const names = callVariableNames({
        callVariables: callVariables ?? [],
        allowedValuesFrom: allowedValuesFrom ?? {},
      });
      const variables = names.filter((name) => given.has(name)).sort();
      const missing = variables.filter((name) => !drafted.includes(name));
      return variables.length > 0 ? [{ key: reader, variables, missing }] : [];
    });
  }
}

/** What publishing the draft would mean to an agent. */
function outcome(
  draft: ToolDefinition,
  binding: ToolBinding,
): Pick<Dependents['agents'][number], 'version' | 'problems'> {
  if (binding.version !== undefined) return { version: binding.version, problems: [] };
  const bound = applyBinding(draft, binding);
  return { problems: bound.ok ? [] : [...bound.problems] };
}

function variablesOf(definition: ToolDefinition | undefined): string[] {
  return (definition?.response?.variables ?? []).map(({ name }) => name);
}
