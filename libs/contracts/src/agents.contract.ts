import { ToolBinding } from '#toolcall/tool-binding';
import { ToolKey } from '#toolcall/tool-definition';
import Type from 'typebox';
import { AgentId, closed, ifRevision, oneTool, Timestamp, Uuid } from './common.contract.js';
import { Announcement, Rpc } from './rpc.js';

/** An agent nobody has bound has every published tool; one whose list was put has exactly those, be it none. */
export const AgentTools = Type.Object(
  {
    agentId: AgentId,
    /** Grows with every change, 1 while nobody has bound the agent; the REST door's ETag. */
    revision: Type.Integer({ minimum: 1 }),
    /** Absent while nobody has bound the agent. */
    tools: Type.Optional(Type.Array(ToolBinding)),
    updatedAt: Type.Optional(Timestamp),
  },
  closed,
);
export type AgentTools = Type.Static<typeof AgentTools>;

const oneAgent = { orgId: Uuid, agentId: AgentId };
export const GetAgentTools = Type.Object(oneAgent, closed);
export type GetAgentTools = Type.Static<typeof GetAgentTools>;
export const getAgentTools = new Rpc('patchbay.internal.catalog.agent.get', GetAgentTools, AgentTools);

export const BindAgentTools = Type.Object(
  { ...oneAgent, tools: Type.Array(ToolBinding, { maxItems: 200 }), ifRevision },
  closed,
);
export type BindAgentTools = Type.Static<typeof BindAgentTools>;
/** Gives an agent exactly these tools. Each override is checked as a tool that is saved. */
export const bindAgentTools = new Rpc('patchbay.internal.catalog.agent.bind', BindAgentTools, AgentTools);

export const AgentChanged = Type.Object(oneAgent, closed);
export type AgentChanged = Type.Static<typeof AgentChanged>;
/** Bound anew: whoever holds a definition as this agent has it drops it. */
export const agentChanged = new Announcement('patchbay.internal.catalog.agent.changed', AgentChanged);

export const GetDependents = Type.Object(oneTool, closed);
export type GetDependents = Type.Static<typeof GetDependents>;
/** Who would notice if the draft were published. */
export const Dependents = Type.Object(
  {
    key: ToolKey,
    /** Agents bound to the tool, the first 200 by name. */
    agents: Type.Array(
      Type.Object(
        {
          agentId: AgentId,
          /** The version it is kept at: publishing does not touch it. */
          version: Type.Optional(Type.Integer({ minimum: 1 })),
          /** Why its overrides do not fit the draft; it would be refused the tool. */
          problems: Type.Array(
            Type.Object({ pointer: Type.String(), code: Type.String(), message: Type.String() }),
          ),
        },
        closed,
      ),
    ),
    /** How many agents are bound to it in all. */
    agentCount: Type.Integer({ minimum: 0 }),
    /** Tools that read variables this tool gives. */
    tools: Type.Array(
      Type.Object(
        {
          key: ToolKey,
          variables: Type.Array(Type.String()),
          /** Those of them that the draft does not give any more. */
          missing: Type.Array(Type.String()),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type Dependents = Type.Static<typeof Dependents>;
export const getDependents = new Rpc('patchbay.internal.catalog.tool.dependents', GetDependents, Dependents);
