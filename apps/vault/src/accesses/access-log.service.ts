import { decodeCursor, encodeCursor } from '#contracts/cursor';
import { ServiceError } from '#contracts/errors';
import type {
  Access,
  AccessAction,
  AccessPage,
  Actor,
  ListAccesses,
  OpenPurpose,
} from '#contracts/vault-access.contract';
import { queryForOrganizations, readForOrganization } from '#runtime/organizations';
import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, LessThan, type EntityManager } from 'typeorm';
import { NIL, v7 as uuidv7, validate as isUuid } from 'uuid';
import { AccessEntity } from './access.entity.js';

/** What was done, or tried, with a credential. */
export interface NewAccess {
  readonly action: AccessAction;
  readonly orgId: string;
  readonly actor: Actor;
  /** `ok` when absent. */
  readonly result?: string;
  readonly credentialId?: string | undefined;
  readonly credentialVersion?: number | undefined;
  readonly keyId?: string | undefined;
  readonly origin?: string | undefined;
  readonly purpose?: OpenPurpose | undefined;
}

const DEFAULT_PAGE = 50;
/** Only gateways enter credentials: when one does not say for whom, it was the gateway itself. */
export const GATEWAY: Actor = { type: 'service', id: 'gateway' };
export const EXECUTOR: Actor = { type: 'service', id: 'executor' };
export const VAULT: Actor = { type: 'service', id: 'vault' };
/** Which person is not known to the bus. */
export const OPERATOR: Actor = { type: 'operator', id: 'operator' };

/**
 * Visible to other sessions at once, but its commit does not wait for the disk: an open is not slowed. Whoever kills the
 * vault loses nothing by it; a crash of Postgres itself loses what was written within the last 0.6 s at most.
 */
const INSERT_SOON = `
  WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
  INSERT INTO vault.accesses (id, at, action, result, actor_type, actor_id, org_id, credential_id, credential_version,
    key_id, origin, execution_id, tool_key, call_id)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 FROM relaxed`;

/** Who had what to do with which credential: written before anything leaves the vault, or not at all. */
@Injectable()
export class AccessLog {
  private readonly log = new Logger('AccessLog');

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Records what changed something together with the change: both are committed, or neither. */
  async append(transaction: EntityManager, ...accesses: readonly NewAccess[]): Promise<void> {
    await transaction.insert(
      AccessEntity,
      accesses.map((access) => toEntity(access)),
    );
  }

  /** Records what changes nothing. Resolves once it is written. */
  async note(access: NewAccess): Promise<void> {
    const row = toEntity(access);
    const values = [
      ...[row.id, row.at, row.action, row.result, row.actorType, row.actorId, row.orgId, row.credentialId],
      ...[row.credentialVersion, row.keyId, row.origin, row.executionId, row.toolKey, row.callId],
    ];
    await queryForOrganizations(this.dataSource, [row.orgId], { text: INSERT_SOON, values });
  }

  /** Records when the work fails; its error is what the caller gets, also when that cannot be recorded. */
  async noteFailure<Result>(access: NewAccess, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const result = error instanceof ServiceError ? error.code : 'internal';
      await this.note({ ...access, result }).catch((unrecorded: unknown) =>
        this.log.error(`A failed attempt could not be recorded: ${String(unrecorded)}`),
      );
      throw error;
    }
  }

  async list({ orgId, credentialId, limit = DEFAULT_PAGE, cursor }: ListAccesses): Promise<AccessPage> {
    const before = cursor === undefined ? undefined : readCursor(cursor);
    const found = await readForOrganization(this.dataSource, orgId, (manager) =>
      manager.find(AccessEntity, {
        where: { orgId, credentialId, ...(before && { id: LessThan(before) }) },
        order: { id: 'DESC' },
        take: limit + 1,
      }),
    );
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return { items: page.map(toAccess), ...(last && { nextCursor: encodeCursor(last.id) }) };
  }
}

function toEntity(access: NewAccess): AccessEntity {
  const { action, actor, orgId, purpose, result = 'ok' } = access;
  return {
    id: uuidv7(),
    at: new Date(),
    action,
    result,
    actorType: actor.type,
    actorId: actor.id,
    orgId,
    credentialId: access.credentialId ?? null,
    credentialVersion: access.credentialVersion ?? null,
    keyId: access.keyId ?? null,
    origin: access.origin ?? null,
    executionId: purpose?.executionId ?? null,
    toolKey: purpose?.toolKey ?? null,
    callId: purpose?.callId ?? null,
  };
}

function toAccess({ id, at, action, result, actorType, actorId, ...entity }: AccessEntity): Access {
  const { credentialId, credentialVersion, keyId, origin, executionId, toolKey, callId } = entity;
  const known = { credentialId, credentialVersion, keyId, origin, executionId, toolKey, callId };
  return {
    ...{ id, at: at.toISOString(), action, result, actor: { type: actorType, id: actorId } },
    ...(Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)) as Partial<Access>),
  };
}

function readCursor(cursor: string): string {
  const [id = ''] = decodeCursor(cursor, 1);
  return isUuid(id) ? id : NIL;
}
