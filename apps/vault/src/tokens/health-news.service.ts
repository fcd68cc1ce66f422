import type { CredentialHealth } from '#contracts/credential-types.contract';
import { credentialHealthChanged } from '#contracts/vault.contract';
import { RpcClient } from '#messaging/rpc.client';
import { Counter, registry } from '#telemetry/metrics';
import { Inject, Injectable, Logger } from '@nestjs/common';

type Status = CredentialHealth['status'];

const changesTotal = new Counter({
  name: 'patchbay_vault_health_changes_total',
  help: 'Credentials and connected accounts whose health has changed, by what it has become',
  labelNames: ['status'],
  registers: [registry],
});

/** Tells of credentials that no longer get access tokens, are about to end, or work again. */
@Injectable()
export class HealthNews {
  private readonly log = new Logger('HealthNews');

  constructor(@Inject(RpcClient) private readonly rpc: RpcClient) {}

  /** Nothing when it is as it was. Whose account it is goes to whoever listens, and into no log. */
  tell(
    { orgId, id, endUser }: { orgId: string; id: string; endUser: string },
    before: Status | undefined,
    status: Status,
  ): void {
    if (before === status) return;
    changesTotal.inc({ status });
    const what = endUser === '' ? `Credential ${id}` : `An account of credential ${id}`;
    this.log.log(`${what} of organization ${orgId} is ${status} now`);
    const whose = endUser !== '' && { endUser };
    this.rpc.announce(credentialHealthChanged, { orgId, credentialId: id, ...whose, status });
  }
}
