import { ToolDefinition, ToolDefinitionInput, ToolKey } from '#toolcall/tool-definition';
import Type from 'typebox';
import {
  AgentId,
  closed,
  Environment,
  FieldProblem,
  ifRevision,
  JsonObject,
  oneTool,
  Page,
  pageFields,
  Timestamp,
  Uuid,
} from './common.contract.js';
import { Announcement, Rpc } from './rpc.js';

export * from './agents.contract.js';
export * from './environments.contract.js';

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

export const CreateTool = Type.Object({ orgId: Uuid, definition: ToolDefinitionInput }, closed);
export type CreateTool = Type.Static<typeof CreateTool>;
export const createTool = new Rpc('patchbay.internal.catalog.tool.create', CreateTool, Tool);

/** Drafts of many tools, all or none. Only judged without `save`. */
export const ImportTools = Type.Object(
  {
    orgId: Uuid,
    definitions: Type.Array(ToolDefinitionInput, { minItems: 1, maxItems: 200 }),
    save: Type.Boolean(),
    /** Whether drafts of tools that exist are replaced; what is published of them is not. */
    replace: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type ImportTools = Type.Static<typeof ImportTools>;
export const SavedTools = Type.Object(
  {
    saved: Type.Boolean(),
    /** In the order of the definitions, into which the problems point. */
    tools: Type.Array(
      Type.Object({ key: ToolKey, replaces: Type.Boolean(), problems: Type.Array(FieldProblem) }, closed),
    ),
  },
  closed,
);
export type SavedTools = Type.Static<typeof SavedTools>;
export const importTools = new Rpc('patchbay.internal.catalog.tool.import', ImportTools, SavedTools);

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

/** Brings an archived tool back as it was: its draft, its versions, its environments, and what was published. */
export const RestoreTool = Type.Object({ ...oneTool, ifRevision }, closed);
export type RestoreTool = Type.Static<typeof RestoreTool>;
export const restoreTool = new Rpc('patchbay.internal.catalog.tool.restore', RestoreTool, Tool);

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

const DiffTarget = Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('draft')]);

export const DiffToolVersions = Type.Object(
  { ...oneTool, version: Type.Integer({ minimum: 1 }), to: DiffTarget },
  closed,
);
export type DiffToolVersions = Type.Static<typeof DiffToolVersions>;
export const VersionChange = Type.Object(
  {
    /** JSON Pointer into the definition; list items are compared by their place. */
    pointer: Type.String(),
    /** Absent where it was added. */
    from: Type.Optional(Type.Unknown()),
    /** Absent where it was removed. */
    to: Type.Optional(Type.Unknown()),
  },
  closed,
);
export type VersionChange = Type.Static<typeof VersionChange>;
export const VersionDiff = Type.Object(
  { key: ToolKey, from: Type.Integer(), to: DiffTarget, changes: Type.Array(VersionChange) },
  closed,
);
export type VersionDiff = Type.Static<typeof VersionDiff>;
export const diffToolVersions = new Rpc(
  'patchbay.internal.catalog.version.diff',
  DiffToolVersions,
  VersionDiff,
);

/** What an executor needs to run a tool: what an environment stands for, a pinned version, or the draft for a test. */
export const ResolveTool = Type.Object(
  {
    ...oneTool,
    version: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('draft')])),
    /** `production` when neither it nor `version` is given; not looked at with `version`. */
    environment: Type.Optional(Environment),
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
    /** Of a tool that uses a credential: what the vault asks for before it opens one. Opaque to executors. */
    grant: Type.Optional(Type.String()),
    /** Beside `grant`: whose values the secrets have that its templates name. */
    environment: Type.Optional(Environment),
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
    /** What the environment's versions look like; `production` when absent. */
    environment: Type.Optional(Environment),
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

export const ExportFormat = Type.Enum(['patchbay', 'openai', 'anthropic', 'gemini', 'mcp', 'openapi']);
export type ExportFormat = Type.Static<typeof ExportFormat>;

export const ExportTools = Type.Object(
  {
    orgId: Uuid,
    /** Only the tools this agent has, as it has them. */
    agentId: Type.Optional(AgentId),
    /** The environment's versions, and with `openapi` its servers and credentials; `production` when absent. */
    environment: Type.Optional(Environment),
    format: Type.Optional(ExportFormat),
  },
  closed,
);
export type ExportTools = Type.Static<typeof ExportTools>;
/** Tools in a form of their own each: definitions for `patchbay`, else function schemas as {@link describeTools} has them. */
export const ExportedTools = Type.Object(
  { format: Type.Enum(['patchbay', 'openai', 'anthropic', 'gemini', 'mcp']), tools: Type.Array(JsonObject) },
  closed,
);
export type ExportedTools = Type.Static<typeof ExportedTools>;
/** The requests that tools make, as an OpenAPI document. */
export const ExportedDocument = Type.Object(
  { format: Type.Literal('openapi'), document: JsonObject },
  closed,
);
export type ExportedDocument = Type.Static<typeof ExportedDocument>;
export const ToolExport = Type.Union([ExportedTools, ExportedDocument]);
export type ToolExport = Type.Static<typeof ToolExport>;
/** The published tools, to be taken elsewhere: by whoever may read definitions, which a model may not. */
export const exportTools = new Rpc('patchbay.internal.catalog.tool.export', ExportTools, ToolExport);

export const ToolChanged = Type.Object({ orgId: Uuid, toolKey: ToolKey }, closed);
export type ToolChanged = Type.Static<typeof ToolChanged>;
/** Published, archived, restored, rolled back or put into an environment: whoever holds the definition drops it. */
export const toolChanged = new Announcement('patchbay.internal.catalog.tool.changed', ToolChanged);
