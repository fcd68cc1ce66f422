import * as audit from '#contracts/audit.contract';
import * as catalog from '#contracts/catalog.contract';
import { closed, JsonObject, Page, Timestamp, Uuid } from '#contracts/common.contract';
import { errorCodes } from '#contracts/errors';
import * as executor from '#contracts/executor.contract';
import * as vault from '#contracts/vault.contract';
import { ToolBinding } from '#toolcall/tool-binding';
import { ToolDefinitionInput } from '#toolcall/tool-definition';
import Type from 'typebox';
import { roles } from './auth/roles.js';
import { ImportReply, ImportRequest } from './import/import.documents.js';

const Role = Type.Enum([...roles]);
const KeyName = Type.String({ minLength: 1, maxLength: 120 });

const NewApiKey = Type.Object({ name: KeyName, role: Role }, closed);
export type NewApiKey = Type.Static<typeof NewApiKey>;

const keyFields = {
  id: Uuid,
  name: KeyName,
  role: Role,
  createdAt: Timestamp,
  /** To the minute; absent until the key is first used. */
  lastUsedAt: Type.Optional(Timestamp),
};
const ApiKey = Type.Object(keyFields, closed);
export type ApiKey = Type.Static<typeof ApiKey>;
const ApiKeyPage = Page(ApiKey);
export type ApiKeyPage = Type.Static<typeof ApiKeyPage>;

/** The only reply that ever holds a key. */
const CreatedApiKey = Type.Object({ ...keyFields, key: Type.String() }, closed);
export type CreatedApiKey = Type.Static<typeof CreatedApiKey>;

const Me = Type.Object(
  {
    organization: Type.Object({ id: Uuid, name: Type.String() }, closed),
    role: Role,
    apiKey: Type.Object({ id: Uuid, name: Type.String() }, closed),
  },
  closed,
);
export type Me = Type.Static<typeof Me>;

const NewConnection = Type.Object({ endUser: Type.Optional(vault.EndUser) }, closed);
export type NewConnection = Type.Static<typeof NewConnection>;

const ConnectUrl = Type.Object(
  {
    connectUrl: Type.String({
      format: 'uri',
      description: 'For whoever connects the account, and nobody else',
    }),
    expiresAt: Timestamp,
  },
  closed,
);
export type ConnectUrl = Type.Static<typeof ConnectUrl>;

const RollBack = Type.Omit(catalog.RollBackTool, ['orgId', 'toolKey', 'ifRevision'], closed);
export type RollBack = Type.Static<typeof RollBack>;

const TestRun = Type.Omit(executor.TestTool, ['orgId', 'toolKey'], closed);
export type TestRun = Type.Static<typeof TestRun>;

const ToolEnvironmentInput = Type.Omit(
  catalog.SetEnvironment,
  ['orgId', 'toolKey', 'name', 'ifRevision'],
  closed,
);
export type ToolEnvironmentInput = Type.Static<typeof ToolEnvironmentInput>;

const AgentToolsInput = Type.Omit(catalog.BindAgentTools, ['orgId', 'agentId', 'ifRevision'], closed);
export type AgentToolsInput = Type.Static<typeof AgentToolsInput>;

const OpenApiDocument = Type.Object(
  { openapi: Type.String(), info: JsonObject, paths: JsonObject, components: Type.Optional(JsonObject) },
  { description: 'OpenAPI 3.1' },
);
const ToolExport = Type.Union([catalog.ExportedTools, OpenApiDocument]);
export type ExportReply = catalog.ExportedTools | Record<string, unknown>;

/** RFC 9457; `application/problem+json`. */
const Problem = Type.Object({
  type: Type.String({ format: 'uri', description: '`urn:patchbay:problem:<code>`' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  instance: Type.String({ description: 'The path that was asked for' }),
  code: Type.Enum([...errorCodes]),
  traceId: Type.String({ description: 'Names this request in logs and traces' }),
  problems: Type.Optional(
    Type.Array(
      Type.Object({
        pointer: Type.String({
          description: 'JSON Pointer (RFC 6901) into the body, or `/<name>` of a query parameter',
        }),
        code: Type.String(),
        message: Type.String(),
        found: Type.Optional(Type.String()),
      }),
    ),
  ),
});
export type ProblemDocument = Type.Static<typeof Problem>;

/** Every document of the REST door, by its name in the OpenAPI document. */
export const documents = {
  ToolDefinitionInput,
  Tool: catalog.Tool,
  ToolPage: catalog.ToolPage,
  ToolVersion: catalog.ToolVersion,
  ToolVersionPage: catalog.ToolVersionPage,
  ToolExport,
  OpenApiDocument,
  VersionDiff: catalog.VersionDiff,
  Dependents: catalog.Dependents,
  ToolEnvironmentInput,
  ToolEnvironment: catalog.ToolEnvironment,
  ToolEnvironments: catalog.ToolEnvironments,
  ToolBinding,
  AgentToolsInput,
  AgentTools: catalog.AgentTools,
  ImportRequest,
  ImportReply,
  RollBack,
  TestRun,
  TestedTool: executor.TestedTool,
  CredentialInput: vault.CredentialInput,
  CredentialEdit: vault.CredentialEdit,
  Credential: vault.Credential,
  CredentialPage: vault.CredentialPage,
  AccessPage: vault.AccessPage,
  NewConnection,
  ConnectUrl,
  ConnectionPage: vault.ConnectionPage,
  StartRotation: vault.StartRotation,
  Rotation: vault.Rotation,
  ExecuteTool: executor.ExecuteTool,
  Execution: executor.Execution,
  ExecutionRecord: executor.ExecutionRecord,
  ExecutionPage: audit.ExecutionPage,
  Stats: audit.Stats,
  NewApiKey,
  ApiKey,
  ApiKeyPage,
  CreatedApiKey,
  Me,
  Problem,
};
export type DocumentName = keyof typeof documents;
