import {
  bindAgentTools,
  getAgentTools,
  type AgentTools,
  type BindAgentTools,
  type GetAgentTools,
} from '#contracts/catalog.contract';
import { Handles, RpcController } from '#messaging/handles.decorator';
import { AgentsService } from './agents.service.js';

@RpcController()
export class AgentsController {
  constructor(private readonly agents: AgentsService) {}

  @Handles(getAgentTools)
  get(name: GetAgentTools): Promise<AgentTools> {
    return this.agents.get(name);
  }

  @Handles(bindAgentTools)
  bind({ tools, ifRevision, ...name }: BindAgentTools): Promise<AgentTools> {
    return this.agents.bind(name, tools, ifRevision);
  }
}
