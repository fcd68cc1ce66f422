import { ToolBinding } from '#toolcall/tool-binding';
import { ToolDefinition, ToolDefinitionInput, ToolKey } from '#toolcall/tool-definition';
import Type from 'typebox';
import { AgentId, closed, JsonObject, Page, pageFields, Timestamp, Uuid } from './common.contract.js';
import { Announcement, Rpc } from './rpc.js';

export const Tool = Type.Object(
  {
    key: ToolKey,
    status: Type.Enum(['active', 'archived']),
    /** Grows with every change; the REST door's ETag. */
    revision: Type.Integer({ minimum: 1 }),
    publishedVersion: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Whether the draft differs from the published version. */
    hasUnpublishedChanges: Type.Boolean(),
    definition: ToolDefinition,
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  closed,
);
export type Tool = Type.Static<typeof Tool>;

export const ToolVersion = Type.Object(
  { key: ToolKey, version: Type.Integer({ minimum: 1 }), publishedAt: Timestamp, definition: ToolDefinition },
  closed,
);
export type ToolVersion = Type.Static<typeof ToolVersion>;

const oneTool = { orgId: Uuid, toolKey: ToolKey };
/** Refuses the change with `precondition_failed` when the tool has moved on. */
const ifRevision = Type.Optional(Type.Integer({ minimum: 1 }));

export const CreateTool = Type.Object({ orgId: Uuid, definition: ToolDefinitionInput }, closed);
export type CreateTool = Type.Static<typeof CreateTool>;
export const createTool = new Rpc('patchbay.internal.catalog.tool.create', CreateTool, Tool);

export const GetTool = Type.Object(oneTool, closed);
export type GetTool = Type.Static<typeof GetTool>;
export const getTool = new Rpc('patchbay.internal.catalog.tool.get', GetTool, Tool);

export const ListTools = Type.Object(
  { orgId: Uuid, ...pageFields, status: Type.Optional(Type.Enum(['active', 'archived'])) },
  closed,
);
export type ListTools = Type.Static<typeof ListTools>;
export const ToolPage = Page(Tool);
export type ToolPage = Type.Static<typeof ToolPage>;
export const listTools = new Rpc('patchbay.internal.catalog.tool.list', ListTools, ToolPage);

export const UpdateTool = Type.Object({ ...oneTool, definition: ToolDefinitionInput, ifRevision }, closed);
export type UpdateTool = Type.Static<typeof UpdateTool>;
export const updateTool = new Rpc('patchbay.internal.catalog.tool.update', UpdateTool, Tool);

export const PublishTool = Type.Object({ ...oneTool, ifRevision }, closed);
export type PublishTool = Type.Static<typeof PublishTool>;
export const publishTool = new Rpc('patchbay.internal.catalog.tool.publish', PublishTool, ToolVersion);

export const ArchiveTool = Type.Object({ ...oneTool, ifRevision }, closed);
export type ArchiveTool = Type.Static<typeof ArchiveTool>;
export const archiveTool = new Rpc('patchbay.internal.catalog.tool.archive', ArchiveTool, Tool);

/** Publishes an earlier version's definition again, under a new number. */
export const RollBackTool = Type.Object(
  { ...oneTool, version: Type.Integer({ minimum: 1 }), ifRevision },
  closed,
);
export type RollBackTool = Type.Static<typeof RollBackTool>;
export const rollBackTool = new Rpc('patchbay.internal.catalog.tool.rollback', RollBackTool, ToolVersion);

export const ListToolVersions = Type.Object({ ...oneTool, ...pageFields }, closed);
export type ListToolVersions = Type.Static<typeof ListToolVersions>;
export const ToolVersionPage = Page(ToolVersion);
export type ToolVersionPage = Type.Static<typeof ToolVersionPage>;
export const listToolVersions = new Rpc(
  'patchbay.internal.catalog.version.list',
  ListToolVersions,
  ToolVersionPage,
);

export const GetToolVersion = Type.Object({ ...oneTool, version: Type.Integer({ minimum: 1 }) }, closed);
export type GetToolVersion = Type.Static<typeof GetToolVersion>;
export const getToolVersion = new Rpc('patchbay.internal.catalog.version.get', GetToolVersion, ToolVersion);

/** What an executor needs to run a tool: the published version, a pinned one, or the draft for a test. */
export const ResolveTool = Type.Object(
  {
    ...oneTool,
    version: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('draft')])),
    /** The tool as this agent has it: refused with `tool_not_allowed` where it has not. */
    agentId: Type.Optional(AgentId),
  },
  closed,
);
export type ResolveTool = Type.Static<typeof ResolveTool>;
export const ResolvedTool = Type.Object(
  {
    key: ToolKey,
    /** 0 for a draft. */
    version: Type.Integer({ minimum: 0 }),
    definition: ToolDefinition,
  },
  closed,
);
export type ResolvedTool = Type.Static<typeof ResolvedTool>;
export const resolveTool = new Rpc('patchbay.internal.catalog.tool.resolve', ResolveTool, ResolvedTool);

/** The forms in which a language model's vendor wants its functions described. */
export const SchemaFormat = Type.Enum(['patchbay', 'openai', 'anthropic', 'gemini', 'mcp']);
export type SchemaFormat = Type.Static<typeof SchemaFormat>;

export const DescribeTools = Type.Object(
  {
    /** Only the tools this agent has, as it has them. */
    agentId: Type.Optional(AgentId),
    callId: Type.Optional(Uuid),
    format: Type.Optional(SchemaFormat),
  },
  closed,
);
export type DescribeTools = Type.Static<typeof DescribeTools>;
export const ToolDescriptions = Type.Object({ format: SchemaFormat, tools: Type.Array(JsonObject) }, closed);
export type ToolDescriptions = Type.Static<typeof ToolDescriptions>;
/** Every published tool of the organization as function schemas. */
export const describeTools = new Rpc('patchbay.v1.*.tools.list', DescribeTools, ToolDescriptions);

export const ToolChanged = Type.Object({ orgId: Uuid, toolKey: ToolKey }, closed);
export type ToolChanged = Type.Static<typeof ToolChanged>;
/** Published, archived or rolled back: whoever holds the definition drops it. */
export const toolChanged = new Announcement('patchbay.internal.catalog.tool.changed', ToolChanged);

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
