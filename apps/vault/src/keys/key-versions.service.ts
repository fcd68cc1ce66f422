import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { randomBytes } from 'node:crypto';
import { Not, type EntityManager, type Repository } from 'typeorm';
import { KEY_BYTES } from '../crypto/box.js';
import { KEY_PROVIDER, KeyProviderError, type KeyProvider } from './key-provider.js';
import { KeyVersionEntity, type KeyState } from './key-version.entity.js';

const CANARY = { purpose: 'canary' };

/** Which key versions there are, and what each is for; that is the database's to say, for all vaults alike. */
@Injectable()
export class KeyVersions implements OnModuleInit, OnApplicationShutdown {
  private readonly provenIds = new Set<string>();

  constructor(
    @InjectRepository(KeyVersionEntity) private readonly versions: Repository<KeyVersionEntity>,
    @Inject(KEY_PROVIDER) private readonly provider: KeyProvider,
  ) {}

  /** A vault that lacks a key in use, or has another one of its name, does not start. */
  async onModuleInit(): Promise<void> {
    if (!(await this.versions.existsBy({ state: 'current' }))) await this.makeFirst();
    for (const version of await this.usable()) await this.prove(version);
  }

  onApplicationShutdown(): void {
    this.provider.close?.();
  }

  /** All that may still open something. */
  usable(): Promise<KeyVersionEntity[]> {
    return this.versions.findBy({ state: Not('retired') });
  }

  /** The versions that this vault has proved it can use. */
  proven(): string[] {
    return [...this.provenIds];
  }

  isProven(id: string): boolean {
    return this.provenIds.has(id);
  }

  /** Opens what was wrapped under the version when it began. @throws KeyProviderError naming the key */
  async prove({ id, canary }: KeyVersionEntity): Promise<void> {
    try {
      (await this.provider.unwrap(id, canary, CANARY)).fill(0);
    } catch (error) {
      if (!(error instanceof KeyProviderError)) throw error;
      const what = error.isOutage ? 'cannot be used' : 'is missing, or not the key it was';
      throw new KeyProviderError(
        `The vault's key \`${id}\`, which is in use, ${what}: ${error.message}`,
        error.isOutage,
      );
    }
    this.provenIds.add(id);
  }

  /** A version as it begins: not used for anything, with the means to recognize it. */
  async introduce(id: string, state: KeyState = 'introduced'): Promise<KeyVersionEntity> {
    const bytes = randomBytes(KEY_BYTES);
    const canary = await this.provider.wrap(id, bytes, CANARY);
    bytes.fill(0);
    return { id, state, canary, createdAt: new Date() };
  }

  /** The version to wrap with; it stays that until the transaction ends. */
  async lockCurrent(transaction: EntityManager): Promise<string> {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const rows: { id: string }[] = await transaction.query(
        `SELECT id FROM vault.key_versions WHERE state = 'current' FOR SHARE`,
      );
      if (rows[0]) return rows[0].id; // none: it ceased to be while we waited for its lock
    }
    throw new Error('There is no current key version');
  }

  private async makeFirst(): Promise<void> {
    const id = await this.provider.newest();
    if (id === undefined) throw new KeyProviderError('The key provider has no key version to begin with');
    const first = await this.introduce(id, 'current');
    // Of vaults that start at once, one makes it, and the others take it.
    await this.versions.createQueryBuilder().insert().values(first).orIgnore().execute();
  }
}
