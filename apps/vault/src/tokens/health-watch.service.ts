import type { CredentialHealth } from '#contracts/credential-types.contract';
import { queryAcrossOrganizations } from '#runtime/organizations';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Authorizations } from '../connections/authorizations.service.js';
import { HealthNews } from './health-news.service.js';

const LOOK_EVERY_MS = 30_000;
const AT_ONCE = 500;

/** Whoever changes the row tells of it, so that several vaults tell of it once. What can be renewed does not end. */
const moveOn = (from: string, to: CredentialHealth['status'], end: 'expires_at' | 'refresh_at') => `
  UPDATE vault.tokens t SET state = '${to}' FROM (
    SELECT org_id, credential_id, end_user FROM vault.tokens
    WHERE connected_at IS NOT NULL AND sealed_refresh IS NULL AND state IN (${from}) AND ${end} <= now()
    LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED) AS o
  WHERE (t.org_id, t.credential_id, t.end_user) = (o.org_id, o.credential_id, o.end_user)
  RETURNING t.org_id AS "orgId", t.credential_id AS id, t.end_user AS "endUser"`;

const EXPIRED = moveOn(`'active', 'expiring'`, 'expired', 'expires_at');
const EXPIRING = moveOn(`'active'`, 'expiring', 'refresh_at');

interface Moved {
  readonly orgId: string;
  readonly id: string;
  readonly endUser: string;
}

/** Notices accounts whose access ends by itself, in time for somebody to connect them anew; and clears old links away. */
@Injectable()
export class HealthWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('HealthWatch');
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(HealthNews) private readonly news: HealthNews,
    @Inject(Authorizations) private readonly authorizations: Authorizations,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  /** Looks now; one look at a time. Never throws. */
  look(): Promise<void> {
    return (this.looking ??= this.work()
      .catch((error: unknown) =>
        this.log.error(`The health of accounts could not be looked at: ${String(error)}`),
      )
      .finally(() => (this.looking = undefined)));
  }

  private async work(): Promise<void> {
    for (const [statement, status] of [
      [EXPIRED, 'expired'],
      [EXPIRING, 'expiring'],
    ] as const) {
      const { rows } = await queryAcrossOrganizations<Moved>(this.dataSource, 'health of accounts', {
        text: statement,
        values: [],
      });
      for (const one of rows) this.news.tell(one, undefined, status);
    }
    await this.authorizations.purge();
  }
}
