import {
  toolChanged,
  type SetEnvironment,
  type ToolEnvironment,
  type ToolEnvironments,
} from '#contracts/catalog.contract';
import type { Environment } from '#contracts/common.contract';
import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import type { Deadline } from '#messaging/deadline';
import { RpcClient } from '#messaging/rpc.client';
import { forOrganization, readForOrganization } from '#runtime/organizations';
import { applyEnvironment, parseBaseUrl } from '#toolcall/apply-environment';
import { checkDefinition } from '#toolcall/check-definition';
import { describeFound } from '#toolcall/problem';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, IsNull, type FindOptionsWhere } from 'typeorm';
import { DefinitionGate } from '../tools/definition-gate.service.js';
import type { ToolEntity } from '../tools/tool.entity.js';
import { findTool, findVersions, lockTool, toolNotFound, type ToolName } from '../tools/tools.queries.js';
import { ToolEnvironmentEntity } from './tool-environment.entity.js';

const names: readonly Environment[] = ['dev', 'staging', 'production'];
/** The revision of an environment that was never put. */
const UNSET = 1;

/** Aliases of a tool's versions, each with a base URL and a credential of its own. */
@Injectable()
export class EnvironmentsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly gate: DefinitionGate,
    private readonly rpc: RpcClient,
  ) {}

  async list(name: ToolName): Promise<ToolEnvironments> {
    const { orgId, toolKey: key } = name;
    const [tool, rows] = await Promise.all([findTool(this.dataSource, name), this.findBy(orgId, { key })]);
    if (!tool) return toolNotFound(name);
    const environments = names.map(
      (one) =>
      toEnvironment(tool, one, rows.find((row) => row.name === one)), // prettier-ignore
    );
    return { key, environments };
  }

  /** What the environment was put to; undefined when it never was. */
  async find({ orgId, toolKey }: ToolName, name: Environment): Promise<ToolEnvironmentEntity | undefined> {
    const [row] = await this.findBy(orgId, { key: toolKey, name });
    return row;
  }

  /** What an environment was put to, of every tool for which it was, by key. */
  async findAll(orgId: string, name: Environment): Promise<ReadonlyMap<string, ToolEnvironmentEntity>> {
    const rows = await this.findBy(orgId, { name });
    return new Map(rows.map((row) => [row.key, row]));
  }

  /**
   * Puts an environment to a version, checked as a tool that is saved: the tool with this base URL and credential.
   * @throws ServiceError `invalid_request` with every problem, `version_not_found`, `credential_origin_mismatch`,
   *   `precondition_failed`, and what locking the tool throws
   */
  async set(request: SetEnvironment, deadline: Deadline): Promise<ToolEnvironment> {
    const { orgId, toolKey, name, version, credentialId, ifRevision } = request;
    const definition = await this.wanted(request);
    const baseUrl = this.checkedBaseUrl(request, definition);
    const moved = applyEnvironment(definition, { baseUrl, credentialId });
    await this.gate.checkCredentials(orgId, moved, deadline, pointerBelow(''));

    const changed = await forOrganization(this.dataSource, orgId, async (manager) => {
      const tool = await lockTool(manager, request); // also keeps two from putting it at once
      const row = await manager.findOneBy(ToolEnvironmentEntity, { orgId, key: toolKey, name });
      const revision = row?.revision ?? UNSET;
      if (ifRevision !== undefined && ifRevision !== revision) {
        const message = `The environment is at revision ${revision}, not ${ifRevision}`;
        throw new ServiceError('precondition_failed', message);
      }
      const put = {
        orgId,
        key: toolKey,
        name,
        revision: revision + 1,
        version: version === 'published' ? null : version,
        baseUrl: baseUrl ?? null,
        credentialId: credentialId ?? null,
        updatedAt: new Date(),
      };
      return toEnvironment(tool, name, await manager.save(ToolEnvironmentEntity, put));
    });
    this.rpc.announce(toolChanged, { orgId, toolKey });
    return changed;
  }

  /** Refuses what is about to be published where an environment that follows may not send its credential. */
  async checkFollowers(name: ToolName, definition: ToolDefinition, deadline: Deadline): Promise<void> {
    for (const row of await this.findBy(name.orgId, { key: name.toolKey, version: IsNull() })) {
      const moved = applyEnvironment(definition, row);
      const pointerOf = pointerBelow(`/environments/${row.name}`);
      await this.gate.checkCredentials(name.orgId, moved, deadline, pointerOf);
    }
  }

  private findBy(
    orgId: string,
    where: FindOptionsWhere<ToolEnvironmentEntity>,
  ): Promise<ToolEnvironmentEntity[]> {
    return readForOrganization(this.dataSource, orgId, (manager) =>
      manager.findBy(ToolEnvironmentEntity, { ...where, orgId }),
    );
  }

  /** The definition that would run: a draft stands in while nothing is published. */
  private async wanted(request: SetEnvironment): Promise<ToolDefinition> {
    const { orgId, toolKey: key } = request;
    const tool = await findTool(this.dataSource, request);
    if (!tool) return toolNotFound(request);
    const version = request.version === 'published' ? tool.publishedVersion : request.version;
    if (version === null) return tool.definition;
    const definitionOf = await findVersions(this.dataSource, orgId, [{ key, version }]);
    const definition = definitionOf(key, version);
    if (definition) return definition;
    throw new ServiceError('version_not_found', `The tool \`${key}\` has no version ${version}`);
  }

  /** In normal form. @throws ServiceError `invalid_request` when it is none, or the tool could not be saved with it */
  private checkedBaseUrl(
    { orgId, baseUrl: text }: SetEnvironment,
    definition: ToolDefinition,
  ): string | undefined {
    if (text === undefined) return undefined;
    const pointer = '/baseUrl';
    const parsed = parseBaseUrl(text);
    if (!parsed.ok) {
      throw invalidRequest([
        { pointer, code: 'not_allowed', message: parsed.message, found: describeFound(text) },
      ]);
    }
    const moved = applyEnvironment(definition, parsed);
    const problems = [...checkDefinition(moved), ...this.gate.checkDestination(orgId, moved)];
    if (problems.length === 0) return parsed.baseUrl;
    throw invalidRequest(
      problems.map(({ code, message }) => ({ pointer, code, message: `with it, the tool's URL ${message}` })),
    );
  }
}

/** The credential may be the environment's own; secrets are the tool's, and their destination the environment's. */
function pointerBelow(environment: string): (pointer: string) => string {
  return (pointer) => `${environment}/${pointer === '/request/credentialId' ? 'credentialId' : 'baseUrl'}`;
}

function toEnvironment(
  tool: ToolEntity,
  name: Environment,
  row: ToolEnvironmentEntity | undefined,
): ToolEnvironment {
  if (!row && name !== 'production') return { name, revision: UNSET };
  const runs = row?.version ?? tool.publishedVersion;
  return {
    name,
    revision: row?.revision ?? UNSET,
    version: row?.version ?? 'published',
    ...(runs !== null && { runs }),
    ...(row?.baseUrl != null && { baseUrl: row.baseUrl }),
    ...(row?.credentialId != null && { credentialId: row.credentialId }),
    ...(row && { updatedAt: row.updatedAt.toISOString() }),
  };
}
