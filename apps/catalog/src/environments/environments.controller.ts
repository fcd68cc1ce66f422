import {
  listEnvironments,
  setEnvironment,
  type ListEnvironments,
  type SetEnvironment,
  type ToolEnvironment,
  type ToolEnvironments,
} from '#contracts/catalog.contract';
import { Handles, RpcController } from '#messaging/handles.decorator';
import type { RpcContext } from '#messaging/rpc-context';
import { EnvironmentsService } from './environments.service.js';

@RpcController()
export class EnvironmentsController {
  constructor(private readonly environments: EnvironmentsService) {}

  @Handles(listEnvironments)
  list(tool: ListEnvironments): Promise<ToolEnvironments> {
    return this.environments.list(tool);
  }

  @Handles(setEnvironment)
  set(request: SetEnvironment, { deadline }: RpcContext): Promise<ToolEnvironment> {
    return this.environments.set(request, deadline);
  }
}
