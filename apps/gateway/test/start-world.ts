import { migrateAsService } from '#testing/test-database';
import type { LoggerService } from '@nestjs/common';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FirstOrganization } from '../src/auth/organizations.service.js';
import { roles, type Role } from '../src/auth/roles.js';
import { gatewayDataSource } from '../src/data-source.js';
import { FakeServices } from './fake-services.js';
import { startGateway, type RunningGateway } from './start-gateway.js';

export interface World {
  readonly gateway: RunningGateway;
  readonly services: FakeServices;
  /** As the gateway comes to it. */
  readonly databaseUrl: string;
  readonly orgId: string;
  /** An API key of each role. */
  readonly keys: Record<Role, string>;
  stop(): Promise<void>;
}

/** A gateway with an organization and keys, and stand-ins for the other services. */
export async function startWorld(options: {
  databaseUrl: string;
  natsUrl: string;
  environment?: Record<string, string>;
  logger?: LoggerService;
}): Promise<World> {
  const { databaseUrl, natsUrl, environment, logger } = options;
  const home = await mkdtemp(join(tmpdir(), 'patchbay-gateway-'));
  const keyFile = join(home, 'first-admin.json');
  const serviceUrl = await migrateAsService(gatewayDataSource, databaseUrl);
  const services = await FakeServices.start(natsUrl);
  const gateway = await startGateway(
    { DATABASE_URL: serviceUrl, NATS_URL: natsUrl, FIRST_ADMIN_KEY_FILE: keyFile, ...environment },
    logger,
  );
  const { orgId, adminKey } = JSON.parse(await readFile(keyFile, 'utf8')) as FirstOrganization;
  const keys = {} as Record<Role, string>;
  for (const role of roles) keys[role] = await makeKey(gateway, adminKey, role);
  const stop = async () => {
    await gateway.stop();
    await services.stop();
    await rm(home, { recursive: true });
  };
  return { gateway, services, databaseUrl: serviceUrl, orgId, keys, stop };
}

async function makeKey(gateway: RunningGateway, adminKey: string, role: Role): Promise<string> {
  const { body } = await gateway.ask('POST', '/v1/api-keys', {
    key: adminKey,
    body: { name: `an ${role}`, role },
  });
  if (typeof body.key !== 'string') throw new Error(`No key for ${role}: ${JSON.stringify(body)}`);
  return body.key;
}
