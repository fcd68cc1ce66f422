import {
  archiveTool,
  createTool,
  describeTools,
  diffToolVersions,
  exportTools,
  getDependents,
  getTool,
  getToolVersion,
  importTools,
  listTools,
  listToolVersions,
  publishTool,
  resolveTool,
  restoreTool,
  rollBackTool,
  updateTool,
  type ArchiveTool,
  type CreateTool,
  type Dependents,
  type DescribeTools,
  type DiffToolVersions,
  type ExportTools,
  type GetDependents,
  type GetTool,
  type GetToolVersion,
  type ImportTools,
  type ListTools,
  type ListToolVersions,
  type PublishTool,
  type ResolvedTool,
  type ResolveTool,
  type RestoreTool,
  type RollBackTool,
  type SavedTools,
  type Tool,
  type ToolDescriptions,
  type ToolExport,
  type ToolPage,
  type ToolVersion,
  type ToolVersionPage,
  type UpdateTool,
  type VersionDiff,
} from '#contracts/catalog.contract';
import { Handles, RpcController } from '#messaging/handles.decorator';
import type { RpcContext } from '#messaging/rpc-context';
import { DependentsService } from './dependents.service.js';
import { ExportService } from './export.service.js';
import { ResolutionService } from './resolution.service.js';
import { ImportService } from './import.service.js';
import { ToolsService } from './tools.service.js';
import { VersionsService } from './versions.service.js';

@RpcController()
export class ToolsController {
  constructor(
    private readonly tools: ToolsService,
    private readonly versions: VersionsService,
    private readonly imports: ImportService,
    private readonly resolution: ResolutionService,
    private readonly dependents: DependentsService,
    private readonly exports: ExportService,
  ) {}

  @Handles(createTool)
  create({ orgId, definition }: CreateTool, { deadline }: RpcContext): Promise<Tool> {
    return this.tools.create(orgId, definition, deadline);
  }

  @Handles(importTools)
  import(request: ImportTools, { deadline }: RpcContext): Promise<SavedTools> {
    return this.imports.import(request, deadline);
  }

  @Handles(getTool)
  get(name: GetTool): Promise<Tool> {
    return this.tools.get(name);
  }

  @Handles(listTools)
  list(request: ListTools): Promise<ToolPage> {
    return this.tools.list(request);
  }

  @Handles(updateTool)
  update({ definition, ifRevision, ...name }: UpdateTool, { deadline }: RpcContext): Promise<Tool> {
    return this.tools.update(name, definition, ifRevision, deadline);
  }

  @Handles(publishTool)
  publish({ ifRevision, ...name }: PublishTool, { deadline }: RpcContext): Promise<ToolVersion> {
    return this.versions.publish(name, ifRevision, deadline);
  }

  @Handles(archiveTool)
  archive({ ifRevision, ...name }: ArchiveTool): Promise<Tool> {
    return this.tools.archive(name, ifRevision);
  }

  @Handles(restoreTool)
  restore({ ifRevision, ...name }: RestoreTool): Promise<Tool> {
    return this.tools.restore(name, ifRevision);
  }

  @Handles(rollBackTool)
  rollBack({ version, ifRevision, ...name }: RollBackTool): Promise<ToolVersion> {
    return this.versions.rollBack(name, version, ifRevision);
  }

  @Handles(listToolVersions)
  listVersions(request: ListToolVersions): Promise<ToolVersionPage> {
    return this.versions.list(request);
  }

  @Handles(getToolVersion)
  getVersion({ version, ...name }: GetToolVersion): Promise<ToolVersion> {
    return this.versions.get(name, version);
  }

  @Handles(diffToolVersions)
  diffVersions({ version, to, ...name }: DiffToolVersions): Promise<VersionDiff> {
    return this.versions.diff(name, version, to);
  }

  @Handles(getDependents)
  dependentsOf(name: GetDependents): Promise<Dependents> {
    return this.dependents.of(name);
  }

  @Handles(resolveTool)
  resolve(request: ResolveTool): Promise<ResolvedTool> {
    return this.resolution.resolve(request);
  }

  @Handles(describeTools)
  describe(request: DescribeTools, { orgId }: RpcContext): Promise<ToolDescriptions> {
    return this.resolution.describe(orgId, request);
  }

  @Handles(exportTools)
  export(request: ExportTools, { deadline }: RpcContext): Promise<ToolExport> {
    return this.exports.export(request, deadline);
  }
}
