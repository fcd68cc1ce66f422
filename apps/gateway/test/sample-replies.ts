import type { Stats } from '#contracts/audit.contract';
import type {
  AgentTools,
  Dependents,
  Tool,
  ToolEnvironment,
  ToolVersion,
  VersionDiff,
} from '#contracts/catalog.contract';
import type { Execution, ExecutionRecord } from '#contracts/executor.contract';
import type { Access, Connection, Credential, Rotation } from '#contracts/vault.contract';
import type { ToolDefinition } from '#toolcall/tool-definition';

const at = '2026-01-02T03:04:05.000Z';

export const definition: ToolDefinition = {
  key: 'look_up',
  name: 'Look up',
  description: 'Looks up an order by its number.',
  burden: 'conversational',
  parameters: { type: 'object', properties: { order_id: { type: 'string' } } },
  request: { method: 'GET', url: 'https://api.example.com/orders/{{order_id}}' },
};

export const tool: Tool = {
  key: 'look_up',
  status: 'active',
  revision: 7,
  publishedVersion: 3,
  hasUnpublishedChanges: true,
  definition,
  createdAt: at,
  updatedAt: at,
};

export const version: ToolVersion = { key: 'look_up', version: 3, publishedAt: at, definition };

export const diff: VersionDiff = {
  key: 'look_up',
  from: 3,
  to: 'draft',
  changes: [{ pointer: '/name', from: 'Look up', to: 'Look it up' }],
};

export const dependents: Dependents = {
  key: 'look_up',
  agents: [{ agentId: 'front desk', problems: [] }],
  agentCount: 1,
  tools: [{ key: 'refund', variables: ['order_id'], missing: [] }],
};

export const environment: ToolEnvironment = {
  name: 'production',
  revision: 6,
  version: 'published',
  runs: 3,
};

export const agentTools: AgentTools = {
  agentId: 'front desk',
  revision: 5,
  tools: [{ key: 'look_up', headers: [{ name: 'X-Team', value: 'front' }] }],
  updatedAt: at,
};

export const credential: Credential = {
  id: '0199b0c1-0000-7000-8000-000000000001',
  version: 4,
  name: 'crm',
  type: 'bearer',
  origins: ['https://api.example.com'],
  token: { masked: 'sk_l…f9a2' },
  createdAt: at,
  updatedAt: at,
};

export const rotation: Rotation = {
  id: '0199b0c1-0000-7000-8000-00000000000f',
  state: 'rewrapping',
  fromKey: 'k1',
  toKey: 'k2',
  total: 120,
  remaining: 70,
  waitingFor: 0,
  startedAt: at,
};

export const connection: Connection = {
  endUser: 'contact-7',
  connectedAt: at,
  health: { status: 'active', expiresAt: at },
};

export const access: Access = {
  id: '0199b0c1-0000-7000-8000-000000000004',
  at,
  action: 'open',
  result: 'ok',
  actor: { type: 'service', id: 'executor' },
  credentialId: credential.id,
  credentialVersion: 4,
  keyId: 'k1',
  origin: 'https://api.example.com',
  executionId: '0199b0c1-0000-7000-8000-000000000002',
  toolKey: 'look_up',
};

export const execution: Execution = {
  executionId: '0199b0c1-0000-7000-8000-000000000002',
  toolKey: 'look_up',
  version: 3,
  status: 'failed',
  outcome: 'not_found',
  variables: { api_response_status: 404 },
  result: {},
  timing: { totalMs: 12.5, queueMs: 0 },
  replayed: false,
};

export const record: ExecutionRecord = {
  executionId: execution.executionId,
  orgId: '0199b0c1-0000-7000-8000-000000000003',
  toolKey: 'look_up',
  version: 3,
  isTest: false,
  status: 'failed',
  outcome: 'not_found',
  attempts: 1,
  startedAt: at,
  totalMs: 12.5,
};

const nothingRan = { count: 0, succeeded: 0, successRate: null, p50Ms: null, p95Ms: null, p99Ms: null };
export const stats: Stats = { from: at, to: at, total: nothingRan, groups: [], drift: [] };
