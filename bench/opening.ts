import { openCredential, type OpenedCredential } from '#contracts/vault.contract';
import { deploymentKeys } from '#devstack/deployment-keys';
import type { Platform } from '#devstack/platform';
import { credentialContext } from '#sealing/credential-context';
import { GrantKey } from '#sealing/credential-grant';
import { SessionKeyPair } from '#sealing/session-key';
import type { NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import type { Contestant } from './measure.js';
import { usageOf } from './service-usage.js';

const HOUR_MS = 3_600_000;

/** A credential opened as an executor does that has not kept it: asked of the vault, on record, unsealed. */
export async function opening(
  platform: Platform,
  connection: NatsConnection,
  { orgId, credentialId, origin }: { orgId: string; credentialId: string; origin: string },
): Promise<Contestant> {
  const { executorKey, grantKey } = await deploymentKeys(join(platform.home, 'keys.json'));
  const keys = SessionKeyPair.create(Buffer.from(executorKey, 'base64'));
  const tool = { orgId, toolKey: 'bench_get', version: 1, environment: 'production' };
  const grant = new GrantKey(Buffer.from(grantKey, 'base64')).sign(
    { ...tool, credentialIds: [credentialId], secretNames: [] },
    new Date(Date.now() + HOUR_MS),
  );
  const payload = JSON.stringify({ orgId, credentialId, origin, session: keys.session, grant });
  return {
    name: 'open',
    run: async () => {
      const reply = await connection.request(openCredential.subject, payload, { timeout: 15_000 });
      const { sealed, version } = reply.json<OpenedCredential>();
      if (!sealed) throw new Error(`The vault answered ${reply.string()}`);
      keys.open(sealed, credentialContext({ orgId, credentialId, version }));
    },
    usage: usageOf(platform, 'vault'),
  };
}
