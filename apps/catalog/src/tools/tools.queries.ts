import type { Tool, ToolVersion } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import type { ToolDefinition } from '#toolcall/tool-definition';
import type { EntityManager } from 'typeorm';
import { ToolVersionEntity } from './tool-version.entity.js';
import { ToolEntity } from './tool.entity.js';

/** One tool of one organization. */
export interface ToolName {
  readonly orgId: string;
  readonly toolKey: string;
}

export function toolNotFound({ toolKey }: ToolName): never {
  throw new ServiceError('tool_not_found', `There is no tool \`${toolKey}\``);
}

/**
 * Locks a tool for a change until the transaction ends.
 * @throws ServiceError `tool_not_found`, `tool_archived`, or `precondition_failed` when it is not at `ifRevision`
 */
export async function lockTool(
  manager: EntityManager,
  name: ToolName,
  ifRevision?: number,
): Promise<ToolEntity> {
  const tool = await manager.findOne(ToolEntity, {
    where: { orgId: name.orgId, key: name.toolKey },
    lock: { mode: 'pessimistic_write' },
  });
  if (!tool) return toolNotFound(name);
  if (tool.status === 'archived') throw toolArchived(name);
  if (ifRevision !== undefined && tool.revision !== ifRevision) {
    throw new ServiceError(
      'precondition_failed',
      `The tool is at revision ${tool.revision}, not ${ifRevision}`,
    );
  }
  return tool;
}

export function toolArchived({ toolKey }: ToolName): ServiceError {
  return new ServiceError('tool_archived', `The tool \`${toolKey}\` is archived; create it again to use it`);
}

/** One version of one tool. */
export interface VersionName {
  readonly key: string;
  readonly version: number;
}

/** Fetches versions of several tools at once. @returns what finds the definition of one of them */
export async function findVersions(
  manager: EntityManager,
  orgId: string,
  wanted: readonly VersionName[],
): Promise<(key: string, version: number | null | undefined) => ToolDefinition | undefined> {
  const where = wanted.map(({ key, version }) => ({ orgId, key, version }));
  const found = where.length > 0 ? await manager.findBy(ToolVersionEntity, where) : [];
  const definitions = new Map(found.map((one) => [`${one.key} ${one.version}`, one.definition]));
  return (key, version) => definitions.get(`${key} ${version ?? ''}`);
}

export function toTool(row: ToolEntity): Tool {
  return {
    key: row.key,
    status: row.status,
    revision: row.revision,
    ...(row.publishedVersion !== null && { publishedVersion: row.publishedVersion }),
    hasUnpublishedChanges: row.publishedRevision !== row.revision,
    definition: row.definition,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

export function toVersion(row: ToolVersionEntity): ToolVersion {
  return {
    key: row.key,
    version: row.version,
    publishedAt: row.publishedAt.toISOString(),
    definition: row.definition,
  };
}
