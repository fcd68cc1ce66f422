import {
  archiveTool,
  createTool,
  diffToolVersions,
  getDependents,
  restoreTool,
  ExportTools,
  exportTools,
  getTool,
  getToolVersion,
  ListTools,
  listTools,
  ListToolVersions,
  listToolVersions,
  publishTool,
  rollBackTool,
  updateTool,
  type Dependents,
  type Tool,
  type ToolPage,
  type ToolVersion,
  type ToolVersionPage,
  type VersionDiff,
} from '#contracts/catalog.contract';
import { closed } from '#contracts/common.contract';
import { testTool, type TestedTool } from '#contracts/executor.contract';
import { ToolKey, type ToolDefinitionInput } from '#toolcall/tool-definition';
import { Controller, Delete, Get, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import Type from 'typebox';
import { Allow } from './auth/allow.decorator.js';
import type { Caller } from './auth/caller.js';
import type { ExportReply, RollBack, TestRun } from './documents.js';
import { Endpoint } from './http/endpoint.decorator.js';
import { BodyAs, CallerOf, IfMatch, PathParam, QueryAs } from './http/request.decorators.js';
import { executionWait, ServicesClient } from './services.client.js';

const ListQuery = Type.Omit(ListTools, ['orgId'], closed);
const VersionsQuery = Type.Omit(ListToolVersions, ['orgId', 'toolKey'], closed);
const ExportQuery = Type.Omit(ExportTools, ['orgId'], closed);

const DiffQuery = Type.Object(
  {
    to: Type.Optional(
      Type.String({
        pattern: '^(draft|[1-9][0-9]{0,8})$',
        default: 'draft',
        description: 'A version, or `draft`',
      }),
    ),
  },
  closed,
);

const KeyParam = () => PathParam('key', ToolKey, 'tool_not_found');
const VersionParam = () => PathParam('n', Type.Integer({ minimum: 1 }), 'version_not_found');

const revisionOf = (tool: Tool) => tool.revision;

@ApiTags('Tools')
@Controller('v1/tools')
export class ToolsController {
  constructor(private readonly services: ServicesClient) {}

  @Post()
  @Allow('editor')
  @Endpoint<Tool>({
    summary: 'Define a tool',
    description: 'As a draft: calls use it once it is published.',
    reply: 'Tool',
    location: (tool) => `/v1/tools/${tool.key}`,
    etag: revisionOf,
    refusals: ['tool_exists', 'payload_too_large'],
  })
  create(
    @CallerOf() { orgId }: Caller,
    @BodyAs('ToolDefinitionInput') definition: ToolDefinitionInput,
  ): Promise<Tool> {
    return this.services.ask(createTool, { orgId, definition }, { body: 'definition' });
  }

  @Get()
  @Allow('viewer', 'executor')
  @Endpoint<ToolPage>({ summary: 'List tools', reply: 'ToolPage' })
  list(
    @CallerOf() { orgId }: Caller,
    @QueryAs(ListQuery) query: Type.Static<typeof ListQuery>,
  ): Promise<ToolPage> {
    return this.services.ask(listTools, { orgId, ...query });
  }

  // Before `:key`, which would take it for a tool.
  @Get('export')
  @Allow('viewer')
  @Endpoint<ExportReply>({
    summary: 'Export the published tools',
    description:
      '`patchbay`: their definitions, which can be imported as they are. `openai` (in strict mode where the arguments ' +
      'allow it), `anthropic`, `gemini`, `mcp`: functions as the vendor of a language model wants them. `openapi`: the ' +
      'requests they make, as an OpenAPI 3.1 document by itself, in which credentials are security schemes.',
    reply: 'ToolExport',
  })
  async export(
    @CallerOf() { orgId }: Caller,
    @QueryAs(ExportQuery) query: Type.Static<typeof ExportQuery>,
  ): Promise<ExportReply> {
    const exported = await this.services.ask(exportTools, { orgId, ...query });
    return exported.format === 'openapi' ? exported.document : exported;
  }

  @Get(':key')
  @Allow('viewer')
  @Endpoint<Tool>({
    summary: 'Get a tool and its draft',
    reply: 'Tool',
    etag: revisionOf,
    refusals: ['tool_not_found'],
  })
  get(@CallerOf() { orgId }: Caller, @KeyParam() toolKey: string): Promise<Tool> {
    return this.services.ask(getTool, { orgId, toolKey });
  }

  @Put(':key')
  @Allow('editor')
  @Endpoint<Tool>({
    summary: 'Replace a tool’s draft',
    reply: 'Tool',
    etag: revisionOf,
    refusals: ['tool_not_found', 'tool_archived', 'precondition_failed', 'payload_too_large'],
  })
  update(
    @CallerOf() { orgId }: Caller,
    @KeyParam() toolKey: string,
    @BodyAs('ToolDefinitionInput') definition: ToolDefinitionInput,
    @IfMatch() ifRevision?: number,
  ): Promise<Tool> {
    return this.services.ask(updateTool, { orgId, toolKey, definition, ifRevision }, { body: 'definition' });
  }

  @Delete(':key')
  @Allow('editor')
  @Endpoint<Tool>({
    summary: 'Archive a tool',
    description: 'It runs no more; its versions and what it did remain.',
    reply: 'Tool',
    etag: revisionOf,
    refusals: ['tool_not_found', 'tool_archived', 'precondition_failed'],
  })
  archive(
    @CallerOf() { orgId }: Caller,
    @KeyParam() toolKey: string,
    @IfMatch() ifRevision?: number,
  ): Promise<Tool> {
    return this.services.ask(archiveTool, { orgId, toolKey, ifRevision });
  }

  @Post(':key/restore')
  @Allow('editor')
  @Endpoint<Tool>({
    summary: 'Take an archived tool into use again, as it was',
    description:
      'Its draft, its versions, its environments and what was published. One in use stays as it is.',
    reply: 'Tool',
    etag: revisionOf,
    refusals: ['tool_not_found', 'precondition_failed'],
  })
  restore(
    @CallerOf() { orgId }: Caller,
    @KeyParam() toolKey: string,
    @IfMatch() ifRevision?: number,
  ): Promise<Tool> {
    return this.services.ask(restoreTool, { orgId, toolKey, ifRevision });
  }

  @Get(':key/dependents')
  @Allow('viewer')
  @Endpoint<Dependents>({
    summary: 'See who would notice if the draft were published',
    description:
      'Agents bound to the tool, with what of their overrides does not fit the draft, and tools that read variables ' +
      'this one gives.',
    reply: 'Dependents',
    refusals: ['tool_not_found'],
  })
  dependents(@CallerOf() { orgId }: Caller, @KeyParam() toolKey: string): Promise<Dependents> {
    return this.services.ask(getDependents, { orgId, toolKey });
  }

  @Post(':key/publish')
  @Allow('editor')
  @Endpoint<ToolVersion>({
    summary: 'Publish the draft as a new version',
    reply: 'ToolVersion',
    refusals: ['tool_not_found', 'tool_archived', 'precondition_failed', 'credential_origin_mismatch'],
  })
  publish(
    @CallerOf() { orgId }: Caller,
    @KeyParam() toolKey: string,
    @IfMatch() ifRevision?: number,
  ): Promise<ToolVersion> {
    return this.services.ask(publishTool, { orgId, toolKey, ifRevision });
  }

  @Post(':key/rollback')
  @Allow('editor')
  @Endpoint<ToolVersion>({
    summary: 'Publish an earlier version again, under a new number',
    reply: 'ToolVersion',
    refusals: ['tool_not_found', 'version_not_found', 'tool_archived', 'precondition_failed'],
  })
  rollBack(
    @CallerOf() { orgId }: Caller,
    @KeyParam() toolKey: string,
    @BodyAs('RollBack') { version }: RollBack,
    @IfMatch() ifRevision?: number,
  ): Promise<ToolVersion> {
    return this.services.ask(rollBackTool, { orgId, toolKey, version, ifRevision });
  }

  @Get(':key/versions')
  @Allow('viewer')
  @Endpoint<ToolVersionPage>({
    summary: 'List a tool’s versions',
    reply: 'ToolVersionPage',
    refusals: ['tool_not_found'],
  })
  versions(
    @CallerOf() { orgId }: Caller,
    @KeyParam() toolKey: string,
    @QueryAs(VersionsQuery) query: Type.Static<typeof VersionsQuery>,
  ): Promise<ToolVersionPage> {
    return this.services.ask(listToolVersions, { orgId, toolKey, ...query });
  }

  @Get(':key/versions/:n')
  @Allow('viewer')
  @Endpoint<ToolVersion>({
    summary: 'Get one version of a tool',
    reply: 'ToolVersion',
    etag: ({ version }) => version,
    refusals: ['tool_not_found', 'version_not_found'],
  })
  version(
    @CallerOf() { orgId }: Caller,
    @KeyParam() toolKey: string,
    @VersionParam() version: number,
  ): Promise<ToolVersion> {
    return this.services.ask(getToolVersion, { orgId, toolKey, version });
  }

  @Get(':key/versions/:n/diff')
  @Allow('viewer')
  @Endpoint<VersionDiff>({
    summary: 'Compare a version with another, or with the draft',
    reply: 'VersionDiff',
    refusals: ['tool_not_found', 'version_not_found'],
  })
  diff(
    @CallerOf() { orgId }: Caller,
    @KeyParam() toolKey: string,
    @VersionParam() version: number,
    @QueryAs(DiffQuery) { to = 'draft' }: Type.Static<typeof DiffQuery>,
  ): Promise<VersionDiff> {
    const target = to === 'draft' ? to : Number(to);
    return this.services.ask(diffToolVersions, { orgId, toolKey, version, to: target });
  }

  @Post(':key/test')
  @Allow('editor')
  @Endpoint<TestedTool>({
    summary: 'Run a tool as a test and show the whole exchange',
    description:
      'The draft unless a version or an environment is named. The call is real, and marked as a test in the records.',
    reply: 'TestedTool',
    refusals: ['tool_not_found', 'version_not_found', 'environment_not_set', 'payload_too_large'],
  })
  test(
    @CallerOf() { orgId }: Caller,
    @KeyParam() toolKey: string,
    @BodyAs('TestRun') run: TestRun,
  ): Promise<TestedTool> {
    return this.services.ask(testTool, { ...run, orgId, toolKey }, { waitMs: executionWait(run) });
  }
}
