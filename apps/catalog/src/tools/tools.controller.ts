import {
  archiveTool,
  createTool,
  describeTools,
  getTool,
  getToolVersion,
  listTools,
  listToolVersions,
  publishTool,
  resolveTool,
  rollBackTool,
  updateTool,
  type ArchiveTool,
  type CreateTool,
  type DescribeTools,
  type GetTool,
  type GetToolVersion,
  type ListTools,
  type ListToolVersions,
  type PublishTool,
  type ResolvedTool,
  type ResolveTool,
  type RollBackTool,
  type Tool,
  type ToolDescriptions,
  type ToolPage,
  type ToolVersion,
  type ToolVersionPage,
  type UpdateTool,
} from '#contracts/catalog.contract';
import { Handles, RpcController } from '#messaging/handles.decorator';
import type { RpcContext } from '#messaging/rpc-context';
import { ResolutionService } from './resolution.service.js';
import { ToolsService } from './tools.service.js';
import { VersionsService } from './versions.service.js';

@RpcController()
export class ToolsController {
  constructor(
    private readonly tools: ToolsService,
    private readonly versions: VersionsService,
    private readonly resolution: ResolutionService,
  ) {}

  @Handles(createTool)
  create({ orgId, definition }: CreateTool, { deadline }: RpcContext): Promise<Tool> {
    return this.tools.create(orgId, definition, deadline);
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

  @Handles(resolveTool)
  resolve(request: ResolveTool): Promise<ResolvedTool> {
    return this.resolution.resolve(request);
  }

  @Handles(describeTools)
  describe(request: DescribeTools, { orgId }: RpcContext): Promise<ToolDescriptions> {
    return this.resolution.describe(orgId, request);
  }
}
