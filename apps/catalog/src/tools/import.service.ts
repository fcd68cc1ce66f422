import { toolChanged, type ImportTools, type SavedTools } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import type { Deadline } from '#messaging/deadline';
import { RpcClient } from '#messaging/rpc.client';
import { forOrganization, readForOrganization } from '#runtime/organizations';
import type { Problem } from '#toolcall/problem';
import type { ToolDefinition, ToolDefinitionInput } from '#toolcall/tool-definition';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DataSource, In, type EntityManager } from 'typeorm';
import { DefinitionGate } from './definition-gate.service.js';
import { ToolEntity } from './tool.entity.js';
import { renew } from './tools.queries.js';

type Verdict = SavedTools['tools'][number];

/** Drafts of many tools at once: all of them are saved, or none. */
@Injectable()
export class ImportService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly gate: DefinitionGate,
    private readonly rpc: RpcClient,
  ) {}

  /** Says of each what stands against it; saves them when nothing does, and when that was asked for. */
  async import(
    { orgId, definitions, replace = false, save }: ImportTools,
    deadline: Deadline,
  ): Promise<SavedTools> {
    const keys = definitions.map(({ key }) => key);
    const known = await readForOrganization(this.dataSource, orgId, (manager) =>
      manager.find(ToolEntity, {
        where: { orgId, key: In(keys), status: 'active' },
        select: { key: true },
      }),
    );
    const active = new Set(known.map(({ key }) => key));
    const admitted: ToolDefinition[] = [];
    const verdicts: Verdict[] = [];
    for (const [index, input] of definitions.entries()) {
      const judged = await this.judge(orgId, input, deadline);
      if (judged.definition) admitted.push(judged.definition);
      const replaces = active.has(input.key);
      const problems = [
        ...judged.problems,
        ...(keys.indexOf(input.key) !== index ? [duplicate(input.key)] : []),
        ...(replaces && !replace ? [exists(input.key)] : []),
      ];
      verdicts.push({ key: input.key, replaces, problems: [...problems] });
      await nextTurn(); // two hundred checks in one go would hold up everybody else
    }
    const isSaved = save && verdicts.every(({ problems }) => problems.length === 0);
    if (isSaved) await this.saveAll(orgId, admitted, replace);
    return { saved: isSaved, tools: verdicts };
  }

  private async judge(
    orgId: string,
    input: ToolDefinitionInput,
    deadline: Deadline,
  ): Promise<{ definition?: ToolDefinition; problems: readonly Problem[] }> {
    try {
      return { definition: await this.gate.admit(orgId, input, deadline), problems: [] };
    } catch (error) {
      const { problems } = (error instanceof ServiceError ? (error.details ?? {}) : {}) as {
        problems?: Problem[];
      };
      if (!problems) throw error;
      return {
        problems: problems.map((one) => ({ ...one, pointer: one.pointer.replace(/^\/definition/, '') })),
      };
    }
  }

  private async saveAll(
    orgId: string,
    definitions: readonly ToolDefinition[],
    replace: boolean,
  ): Promise<void> {
    // In one order for everybody: two imports of the same tools must not wait for each other.
    const ordered = [...definitions].sort((a, b) => (a.key < b.key ? -1 : 1));
    const revived = await forOrganization(this.dataSource, orgId, async (manager) => {
      const keys: string[] = [];
      for (const definition of ordered) {
        if (await this.saveOne(manager, orgId, definition, replace)) keys.push(definition.key);
      }
      return keys;
    });
    for (const toolKey of revived) this.rpc.announce(toolChanged, { orgId, toolKey });
  }

  /** Answers whether the tool had been archived. */
  private async saveOne(
    manager: EntityManager,
    orgId: string,
    definition: ToolDefinition,
    replace: boolean,
  ): Promise<boolean> {
    const { key } = definition;
    const rows: unknown[] = await manager.query(
      `INSERT INTO catalog.tools (org_id, key, status, revision, definition) VALUES ($1, $2, 'active', 1, $3)
       ON CONFLICT DO NOTHING RETURNING key`,
      [orgId, key, JSON.stringify(definition)],
    );
    if (rows.length > 0) return false;
    const tool = await manager.findOneOrFail(ToolEntity, {
      where: { orgId, key },
      lock: { mode: 'pessimistic_write' },
    });
    if (tool.status === 'archived') {
      await renew(manager, tool, definition);
      return true;
    }
    if (!replace) throw new ServiceError('tool_exists', `There is a tool \`${key}\` already`);
    await manager.save(Object.assign(tool, { definition, revision: tool.revision + 1 }));
    return false;
  }
}

function exists(key: string): Problem {
  const message = `there is a tool \`${key}\` already; rename this one, or say \`replace: true\` to replace its draft`;
  return { pointer: '/key', code: 'tool_exists', message };
}

function duplicate(key: string): Problem {
  return { pointer: '/key', code: 'duplicate', message: `\`${key}\` comes more than once` };
}
