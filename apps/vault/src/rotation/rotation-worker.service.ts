import { rotationChanged } from '#contracts/vault-rotation.contract';
import { RpcClient } from '#messaging/rpc.client';
import { acrossOrganizations } from '#runtime/organizations';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { KeyVersions } from '../keys/key-versions.service.js';
import { RewrapService } from './rewrap.service.js';
import { RotationEntity } from './rotation.entity.js';
import { RotationService } from './rotation.service.js';

/** How often a vault shows that it runs, and looks whether there is something to do. */
const LOOK_EVERY_MS = 2000;
/** While there is. */
const LOOK_AGAIN_MS = 100;

const SHOW = `
  INSERT INTO vault.instances (id, key_versions, seen_at) VALUES ($1, $2, now())
  ON CONFLICT (id) DO UPDATE SET key_versions = excluded.key_versions, seen_at = excluded.seen_at`;
const LEAVE = `DELETE FROM vault.instances WHERE id = $1 OR seen_at < now() - interval '1 day'`;

/** By whoever comes first; only then is anything sealed under the new version. */
const PROMOTE = [
  `UPDATE vault.key_versions SET state = 'retiring' WHERE id = $1 AND state = 'current'`,
  `UPDATE vault.key_versions SET state = 'current' WHERE id = $1 AND state = 'introduced'`,
] as const;

/** Only when nothing is left that it opens, of any organization: without the sight of all, that would seem so at once. */
const RETIRE = `
  UPDATE vault.key_versions v SET state = 'retired' WHERE v.state = 'retiring'
    AND NOT EXISTS (SELECT FROM vault.organization_keys k WHERE k.key_version = v.id)
    AND NOT EXISTS (SELECT FROM vault.credentials c WHERE c.key_id IS NULL)
  RETURNING v.id`;

/**
 * This vault's part in rotations: it proves new keys, and moves what is sealed. Where a rotation stands is in the
 * database, so that any vault goes on where another one stopped, however it stopped.
 */
@Injectable()
export class RotationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('RotationWorker');
  private readonly instanceId = uuidv7();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private stopped = false;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(KeyVersions) private readonly versions: KeyVersions,
    @Inject(RotationService) private readonly rotations: RotationService,
    @Inject(RewrapService) private readonly rewrap: RewrapService,
    @Inject(RpcClient) private readonly rpc: RpcClient,
  ) {}

  /** Not before this vault is known to the others does it answer anybody: they wait for it from here on. */
  async onApplicationBootstrap(): Promise<void> {
    await this.show();
    this.look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
    await this.dataSource.query(LEAVE, [this.instanceId]).catch(() => undefined); // it will be missed soon enough
  }

  /** Looks now instead of later. */
  look(): void {
    if (this.stopped) return;
    if (this.looking) {
      this.lookAgain = true;
      return;
    }
    clearTimeout(this.timer);
    this.lookAgain = false;
    this.looking = this.work()
      .catch((error: unknown) => {
        this.log.error('A rotation makes no progress', error instanceof Error ? error.stack : String(error));
        return false;
      })
      .then((isOpen) => {
        this.looking = undefined;
        if (this.stopped) return;
        if (this.lookAgain) this.look();
        else this.timer = setTimeout(() => this.look(), isOpen ? LOOK_AGAIN_MS : LOOK_EVERY_MS);
      });
  }

  /** @returns whether there is more to do */
  private async work(): Promise<boolean> {
    const rotation = await this.dataSource.manager.findOneBy(RotationEntity, { isOpen: true });
    const isNews = rotation !== null && !this.versions.isProven(rotation.toKey);
    await this.learn();
    await this.show();
    if (!rotation) return false;
    if (isNews) this.announce(rotation);
    if (rotation.state === 'introducing' && !(await this.promote(rotation))) return true;
    await this.move(rotation.toKey);
    return !(await this.finish(rotation));
  }

  /** Proves every key version that is new to this vault. One that it lacks holds the rotation up, and is named. */
  private async learn(): Promise<void> {
    for (const version of await this.versions.usable()) {
      if (this.versions.isProven(version.id)) continue;
      await this.versions.prove(version).catch((error: unknown) => this.log.error(String(error)));
    }
  }

  private async show(): Promise<void> {
    await this.dataSource.query(SHOW, [this.instanceId, this.versions.proven()]);
  }

  private async promote(rotation: RotationEntity): Promise<boolean> {
    if ((await this.rotations.waitingFor(rotation.toKey)) > 0) return false;
    await this.dataSource.transaction(async (transaction) => {
      const locked = await transaction.findOne(RotationEntity, {
        where: { id: rotation.id, state: 'introducing' },
        lock: { mode: 'pessimistic_write' },
      });
      if (!locked) return; // another vault was faster
      await transaction.query(PROMOTE[0], [rotation.fromKey]);
      await transaction.query(PROMOTE[1], [rotation.toKey]);
      await transaction.update(RotationEntity, { id: rotation.id }, { state: 'rewrapping' });
    });
    this.announce(rotation);
    return true;
  }

  private async move(toKey: string): Promise<void> {
    let moved: number;
    do {
      moved = (await this.rewrap.renewKeys(toKey)) + (await this.rewrap.resealCredentials(toKey));
    } while (moved > 0 && !this.stopped);
  }

  /** Retires the old version once nothing needs it, and only then ends the rotation. */
  private async finish({ id, fromKey, toKey }: RotationEntity): Promise<boolean> {
    if ((await this.rotations.remaining(toKey)) > 0) return false;
    await this.rewrap.dropOldKeys();
    return acrossOrganizations(this.dataSource, 'key rotation', async (transaction) => {
      const [retired] = await transaction.query<[{ id: string }[], number]>(RETIRE);
      if (!retired.some((version) => version.id === fromKey)) return false;
      await transaction.update(
        RotationEntity,
        { id },
        { state: 'finished', isOpen: false, finishedAt: new Date() },
      );
      this.log.log(`Key \`${fromKey}\` is retired; \`${toKey}\` has taken its place`);
      return true;
    });
  }

  private announce({ id }: RotationEntity): void {
    this.rpc.announce(rotationChanged, { rotationId: id });
  }
}
