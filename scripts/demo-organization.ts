import { demoSecrets } from '../samples/business-api/auth.js';
import { demoCredentials, demoTools } from './demo-tools.js';
import { RestClient } from './rest-client.js';

/** What a client needs to use the demo organization. */
export interface DemoKeys {
  readonly orgId: string;
  readonly adminKey: string;
  readonly executorKey: string;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

/**
 * Gives the first organization credentials and tools for the sample API, and an executor's key, through REST as anybody
 * would. What it has from an earlier start is brought up to date: the sample API may be on another port now.
 */
export async function furnishDemo(
  restUrl: string,
  sampleUrl: string,
  admin: { orgId: string; adminKey: string },
  knownExecutorKey: string | undefined,
): Promise<DemoKeys> {
  const rest = new RestClient(restUrl, admin.adminKey);
  const credentialIds = await furnishCredentials(rest, sampleUrl);
  await Promise.all(
    demoTools(sampleUrl).map(async ({ credential, definition }) => {
      const request = {
        ...definition.request,
        ...(credential && { credentialId: credentialIds.get(credential) }),
      };
      const wanted = { ...definition, request };
      const existing = await rest.find(`/v1/tools/${definition.key}`);
      if (existing) await rest.put(`/v1/tools/${definition.key}`, wanted);
      else await rest.post('/v1/tools', wanted);
      await rest.post(`/v1/tools/${definition.key}/publish`, {});
    }),
  );
  return { ...admin, executorKey: knownExecutorKey ?? (await createExecutorKey(rest)) };
}

async function furnishCredentials(rest: RestClient, sampleUrl: string): Promise<Map<string, string>> {
  const { items } = (await rest.get('/v1/credentials?limit=200')) as { items: Named[] };
  const wanted = Object.entries(demoCredentials(sampleUrl, demoSecrets));
  const ids = await Promise.all(
    wanted.map(async ([kind, credential]) => {
      const existing = items.find((item) => item.name === credential.name);
      const stored = existing
        ? await rest.put(`/v1/credentials/${existing.id}`, credential)
        : await rest.post('/v1/credentials', credential);
      return [kind, (stored as Named).id] as const;
    }),
  );
  return new Map(ids);
}

async function createExecutorKey(rest: RestClient): Promise<string> {
  const created = await rest.post('/v1/api-keys', { name: 'Demo orchestrator', role: 'executor' });
  return (created as { key: string }).key;
}
