import type { Tool, ToolVersion } from '#contracts/catalog.contract';
import type { Environment } from '#contracts/common.contract';
import { ServiceError } from '#contracts/errors';
import { queryForOrganizations, readForOrganization } from '#runtime/organizations';
import type { ToolDefinition } from '#toolcall/tool-definition';
import type { DataSource, EntityManager } from 'typeorm';
import { ToolEnvironmentEntity } from '../environments/tool-environment.entity.js';
import { ToolVersionEntity } from './tool-version.entity.js';
import { ToolEntity } from './tool.entity.js';

/** One tool of one organization. */
export interface ToolName {
  readonly orgId: string;
  readonly toolKey: string;
}

export function findTool(dataSource: DataSource, { orgId, toolKey }: ToolName): Promise<ToolEntity | null> {
  return readForOrganization(dataSource, orgId, (manager) =>
    manager.findOneBy(ToolEntity, { orgId, key: toolKey }),
  );
}

export function toolNotFound({ toolKey }: ToolName): never {
  throw new ServiceError('tool_not_found', `There is no tool \`${toolKey}\``);
}

/**
 * Locks a tool in use for a change until the transaction ends.
 * @throws ServiceError `tool_not_found`, `tool_archived`, or `precondition_failed` when it is not at `ifRevision`
 */
export async function lockTool(
  manager: EntityManager,
  name: ToolName,
  ifRevision?: number,
): Promise<ToolEntity> {
  const tool = await lockAnyTool(manager, name, ifRevision);
  if (tool.status === 'archived') throw toolArchived(name);
  return tool;
}

/** The same for a tool that may be archived. */
export async function lockAnyTool(
  manager: EntityManager,
  name: ToolName,
  ifRevision?: number,
): Promise<ToolEntity> {
  const tool = await manager.findOne(ToolEntity, {
    where: { orgId: name.orgId, key: name.toolKey },
    lock: { mode: 'pessimistic_write' },
  });
  if (!tool) return toolNotFound(name);
  if (ifRevision !== undefined && tool.revision !== ifRevision) {
    throw new ServiceError(
      'precondition_failed',
      `The tool is at revision ${tool.revision}, not ${ifRevision}`,
    );
  }
  return tool;
}

export function toolArchived({ toolKey }: ToolName): ServiceError {
  return new ServiceError(
    'tool_archived',
    `The tool \`${toolKey}\` is archived; restore it, or create it again`,
  );
}

/** One version of one tool. */
export interface VersionName {
  readonly key: string;
  readonly version: number;
}

/** Fetches versions of several tools at once. @returns what finds the definition of one of them */
export async function findVersions(
  dataSource: DataSource,
  orgId: string,
  wanted: readonly VersionName[],
): Promise<(key: string, version: number | null | undefined) => ToolDefinition | undefined> {
  const where = wanted.map(({ key, version }) => ({ orgId, key, version }));
  const find = (manager: EntityManager) => manager.findBy(ToolVersionEntity, where);
  const found = where.length > 0 ? await readForOrganization(dataSource, orgId, find) : [];
  const definitions = new Map(found.map((one) => [`${one.key} ${one.version}`, one.definition]));
  return (key, version) => definitions.get(`${key} ${version ?? ''}`);
}

const LIVE_VERSIONS = `
  SELECT tool.key, COALESCE(environment.version, tool.published_version) AS version
  FROM catalog.tools tool
  LEFT JOIN catalog.tool_environments environment
    ON environment.org_id = tool.org_id AND environment.key = tool.key AND environment.name = $2::text
  WHERE tool.org_id = $1 AND tool.status = 'active' AND ($3::text[] IS NULL OR tool.key = ANY($3))
    AND ($2 = 'production' OR environment.name IS NOT NULL)
  ORDER BY tool.key`;

/** The version each tool in use runs in an environment, null while there is none, by key; of these tools, or of all. */
export async function liveVersions(
  dataSource: DataSource,
  orgId: string,
  environment: Environment,
  keys?: readonly string[],
): Promise<{ key: string; version: number | null }[]> {
  const { rows } = await queryForOrganizations<{ key: string; version: number | null }>(dataSource, [orgId], {
    text: LIVE_VERSIONS,
    values: [orgId, environment, keys ?? null],
  });
  return rows;
}

/**
 * Takes an archived tool into use again with a new draft: revisions and version numbers go on where they were;
 * environments do not.
 */
export async function renew(
  manager: EntityManager,
  tool: ToolEntity,
  definition: ToolDefinition,
): Promise<ToolEntity> {
  await manager.delete(ToolEnvironmentEntity, { orgId: tool.orgId, key: tool.key });
  const fresh = { status: 'active' as const, publishedVersion: null, publishedRevision: null };
  return manager.save(Object.assign(tool, fresh, { definition, revision: tool.revision + 1 }));
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
