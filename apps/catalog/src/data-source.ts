import { postgresOptions } from '#runtime/database';
import type { ServiceRights } from '#runtime/table-rights';
import { AgentToolsEntity } from './agents/agent-tools.entity.js';
import { ToolEnvironmentEntity } from './environments/tool-environment.entity.js';
import { CreateTools1763700000000 } from './migrations/1763700000000-create-tools.js';
import { CreateAgentTools1764000000000 } from './migrations/1764000000000-create-agent-tools.js';
import { CreateToolEnvironments1764100000000 } from './migrations/1764100000000-create-tool-environments.js';
import { ToolVersionEntity } from './tools/tool-version.entity.js';
import { ToolEntity } from './tools/tool.entity.js';

/** What the catalog may do in its schema: said here, and nowhere else. Nothing of it across organizations. */
const rights = {
  tables: {
    tools: { may: ['SELECT', 'INSERT', 'UPDATE'] },
    tool_versions: { may: ['SELECT', 'INSERT'] }, // what was published stays as it was
    tool_environments: { may: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
    agent_tools: { may: ['SELECT', 'INSERT', 'UPDATE'] },
  },
} as const satisfies ServiceRights;

/** Used by Nest and by the migrator; everything listed by class. */
export const catalogDataSource = (url: string, pool?: number) => ({
  ...postgresOptions({ service: 'catalog', url, pool }),
  entities: [AgentToolsEntity, ToolEntity, ToolEnvironmentEntity, ToolVersionEntity],
  migrations: [CreateTools1763700000000, CreateAgentTools1764000000000, CreateToolEnvironments1764100000000],
  rights,
});
