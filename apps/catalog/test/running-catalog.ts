import { ServiceError } from '#contracts/errors';
import type { Announcement } from '#contracts/rpc';
import { getCredential, getSecret, type Credential } from '#contracts/vault.contract';
import { loadConfig } from '#runtime/load-config';
import { FakeResponder } from '#testing/fake-responder';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { startTestService, type TestService } from '#testing/test-service';
import { randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { CatalogModule } from '../src/catalog.module.js';
import { CatalogConfig } from '../src/config.js';
import { catalogDataSource } from '../src/data-source.js';

export interface CatalogSurroundings {
  /** What stands in for the vault knows of a credential: at least what is given here, or that there is none. */
  readonly credentialOf?: (credentialId: string) => object | undefined;
  /** The same of a secret, by the name that templates have for it. */
  readonly secretOf?: (reference: string) => object | undefined;
}

/** What the catalog signs grants with. */
export const grantKey = randomBytes(32);

/** A catalog on a bus and a migrated database of its own; all of it ends with `stop`. */
export async function startCatalog({
  credentialOf,
  secretOf,
}: CatalogSurroundings = {}): Promise<TestService> {
  const nats = await startTestNats();
  const url = await migrateAsService(catalogDataSource, await createTestDatabase());
  const config = loadConfig(CatalogConfig, {
    NATS_URL: nats.url,
    DATABASE_URL: url,
    CREDENTIAL_GRANT_KEY: grantKey.toString('base64'),
  });
  const catalog = await startTestService('catalog', nats.url, CatalogModule.forRoot(config));
  const vault = await FakeResponder.start(nats.url);
  if (credentialOf) {
    await vault.answer(getCredential, ({ credentialId }) => {
      const found = credentialOf(credentialId);
      if (!found) throw new ServiceError('credential_not_found', 'There is no such credential');
      return { type: 'bearer', id: credentialId, name: 'crm', ...found } as Credential;
    });
  }
  if (secretOf) {
    await vault.answer(getSecret, ({ reference }) => {
      const found = secretOf(reference);
      if (!found) throw new ServiceError('credential_not_found', 'There is no such secret');
      return { type: 'secret', reference, name: 'crm', ...found } as Credential;
    });
  }
  const stop = async () => {
    await catalog.stop();
    await vault.stop();
    await nats.stop();
  };
  return { ...catalog, stop };
}

/** Has the emitter emit `changed` for every announcement that the catalog makes. */
export async function hear(
  catalog: TestService,
  { subject }: Announcement,
  emitter: EventEmitter,
): Promise<void> {
  const { connection } = catalog.link;
  connection.subscribe(subject, {
    callback: (_, message) => {
      emitter.emit('changed', message.json());
    },
  });
  await connection.flush();
}
