import type { Environment } from '#contracts/common.contract';
import type { ReplyOf, RequestOf, Rpc } from '#contracts/rpc';
import {
  createCredential,
  getRotation,
  openCredential,
  openSecret,
  replaceCredential,
  startRotation,
  type Actor,
  type Credential,
  type CredentialSecret,
  type OpenedCredential,
  type Rotation,
} from '#contracts/vault.contract';
import { Deadline } from '#messaging/deadline';
import { MessagingModule } from '#messaging/messaging.module';
import { NatsLink } from '#messaging/nats-connection';
import { NatsTransport } from '#messaging/nats.transport';
import { RpcClient } from '#messaging/rpc.client';
import { loadConfig } from '#runtime/load-config';
import { credentialContext, secretContext } from '#sealing/credential-context';
import { GrantKey, type GrantTerms } from '#sealing/credential-grant';
import { IntakeKey, intakeContext, sealForVault } from '#sealing/intake-key';
import { SessionKeyPair } from '#sealing/session-key';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import {
  Module,
  type DynamicModule,
  type INestMicroservice,
  type LoggerService,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { format } from 'node:util';
import pg from 'pg';
import { VaultConfig } from '../src/config.js';
import { vaultDataSource } from '../src/data-source.js';
import { VaultModule } from '../src/vault.module.js';

export const OLD_KEY = `old:${randomBytes(32).toString('base64')}`;
export const NEW_KEY = `new:${randomBytes(32).toString('base64')}`;

@Module({})
class RootModule {}

/** A nats-server, a database, and vaults on them; the spec is their client. */
export class RunningVault {
  readonly executorKey = randomBytes(32);
  readonly grantKey = randomBytes(32);
  readonly intakeKey = randomBytes(32);
  readonly keys = SessionKeyPair.create(this.executorKey);
  /** What instances that are added may call besides public addresses. */
  egressAllow = '';
  /** Every line that was logged, at every level. */
  readonly log: string[] = [];
  private readonly instances: (() => Promise<void>)[] = [];
  private readonly apps: INestMicroservice[] = [];
  private readonly closing: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly natsUrl: string,
    /** For whom nothing is forbidden. */
    readonly databaseUrl: string,
    /** As the vaults come. */
    readonly serviceUrl: string,
    readonly link: NatsLink,
    private readonly database: pg.Client,
  ) {}

  static async start(): Promise<RunningVault> {
    const nats = await startTestNats();
    const databaseUrl = await createTestDatabase();
    const serviceUrl = await migrateAsService(vaultDataSource, databaseUrl);
    const link = await NatsLink.open({ url: nats.url, name: 'client' });
    const database = new pg.Client(databaseUrl);
    await database.connect();
    const vault = new RunningVault(nats.url, databaseUrl, serviceUrl, link, database);
    vault.closing.push(
      () => nats.stop(),
      () => database.end(),
      () => link.close(),
    );
    return vault;
  }

  /** One more instance; they share the requests. Returns what stops it. */
  async addInstance(keys: string | Record<string, string> = OLD_KEY): Promise<() => Promise<void>> {
    const config = loadConfig(VaultConfig, {
      DATABASE_URL: this.serviceUrl,
      ...(typeof keys === 'string' ? { VAULT_KEYS: keys } : keys),
      EXECUTOR_KEY: this.executorKey.toString('base64'),
      CREDENTIAL_GRANT_KEY: this.grantKey.toString('base64'),
      VAULT_INTAKE_KEY: this.intakeKey.toString('base64'),
      EGRESS_ALLOW: this.egressAllow,
    });
    const link = await NatsLink.open({ url: this.natsUrl, name: 'vault' });
    const root: DynamicModule = {
      module: RootModule,
      imports: [MessagingModule.forRoot(link), VaultModule.forRoot(config)],
    };
    const strategy = new NatsTransport(link, {
      queue: 'vault',
      maxInFlight: 1000,
      defaultDeadlineMs: 5000,
      drainMs: 5000,
    });
    const app = await NestFactory.createMicroservice(root, { strategy, logger: this.logger() });
    strategy.bindTo(app);
    this.apps.push(app);
    let stopped: Promise<void> | undefined;
    const stop = () =>
      (stopped ??= (async () => {
        await strategy.close();
        await app.close();
        await link.close();
      })());
    this.instances.push(stop);
    await app.listen();
    return stop;
  }

  /** That part of every instance. */
  get<T>(part: Type<T>): T[] {
    return this.apps.map((app) => app.get(part));
  }

  ask<R extends Rpc>(rpc: R, request: RequestOf<R>): Promise<ReplyOf<R>> {
    return new RpcClient(this.link).call(rpc, request, { deadline: Deadline.in(5000) });
  }

  /** Enters a credential as a gateway would. */
  create(orgId: string, credential: unknown, actor?: Actor): Promise<Credential> {
    const sealed = this.seal(orgId, credential);
    return this.ask(createCredential, { orgId, sealed, ...(actor && { actor }) });
  }

  replace(orgId: string, credentialId: string, credential: unknown, ifVersion?: number): Promise<Credential> {
    const sealed = this.seal(orgId, credential);
    return this.ask(replaceCredential, { orgId, credentialId, sealed, ...(ifVersion && { ifVersion }) });
  }

  private seal(orgId: string, credential: unknown): string {
    const { publicKey } = new IntakeKey(this.intakeKey);
    return sealForVault(publicKey, Buffer.from(JSON.stringify(credential)), intakeContext(orgId));
  }

  /** Has a credential opened as an executor would, and opens the reply. */
  async open(orgId: string, credentialId: string, origin: string): Promise<CredentialSecret> {
    const opened = await this.ask(openCredential, this.opening(orgId, credentialId, origin));
    return this.unseal(opened, orgId, credentialId);
  }

  /** What an executor asks that runs a tool with this credential. */
  opening(orgId: string, credentialId: string, origin: string) {
    const { session } = this.keys;
    return {
      orgId,
      credentialId,
      origin,
      session,
      grant: this.grant({ orgId, credentialIds: [credentialId] }),
    };
  }

  /** Has a secret that templates name opened as an executor would, and opens the reply. */
  async openSecret(
    orgId: string,
    reference: string,
    environment: Environment,
    origin: string,
  ): Promise<CredentialSecret> {
    const grant = this.grant({ orgId, environment, secretNames: [reference] });
    const { session } = this.keys;
    const request = { orgId, reference, environment, origin, session, grant };
    const { sealed, version } = await this.ask(openSecret, request);
    const context = secretContext({ orgId, reference, environment, version });
    return JSON.parse(this.keys.open(sealed, context).toString()) as CredentialSecret;
  }

  /** As the catalog signs it; for a minute, unless said otherwise. */
  grant(terms: Pick<GrantTerms, 'orgId'> & Partial<GrantTerms>, validMs = 60_000): string {
    const tool = { toolKey: 'get_order', version: 1, environment: 'production' };
    const nothing = { credentialIds: [], secretNames: [] };
    const expiresAt = new Date(Date.now() + validMs);
    return new GrantKey(this.grantKey).sign({ ...tool, ...nothing, ...terms }, expiresAt);
  }

  unseal({ sealed = '', version }: OpenedCredential, orgId: string, credentialId: string): CredentialSecret {
    const context = credentialContext({ orgId, credentialId, version });
    return JSON.parse(this.keys.open(sealed, context).toString()) as CredentialSecret;
  }

  startRotation(keyId?: string): Promise<Rotation> {
    return this.ask(startRotation, keyId === undefined ? {} : { keyId });
  }

  /** As the latest rotation is once it satisfies; looked at again and again until then. */
  async rotationWhen(satisfies: (rotation: Rotation) => boolean): Promise<Rotation> {
    for (;;) {
      const rotation = await this.ask(getRotation, {});
      if (satisfies(rotation)) return rotation;
      await setTimeout(5);
    }
  }

  async rotate(keyId?: string): Promise<Rotation> {
    const { id } = await this.startRotation(keyId);
    return this.rotationWhen((rotation) => rotation.id === id && rotation.state === 'finished');
  }

  async query(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const { rows } = await this.database.query<Record<string, unknown>>(sql, values);
    return rows;
  }

  /** Stops the vaults; what they stand on stays. */
  async stopInstances(): Promise<void> {
    for (const stop of this.instances.splice(0)) await stop();
  }

  async stop(): Promise<void> {
    await this.stopInstances();
    for (const close of this.closing.splice(0).reverse()) await close();
  }

  private logger(): LoggerService {
    const write = (...parts: unknown[]) => void this.log.push(format(...parts));
    return { log: write, error: write, warn: write, debug: write, verbose: write, fatal: write };
  }
}
