import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import type { OpenCredential, OpenSecret } from '#contracts/vault.contract';
import { GrantKey, type Grant } from '#sealing/credential-grant';
import { Counter, registry } from '#telemetry/metrics';
import { Inject, Injectable } from '@nestjs/common';
import { AccessLog, EXECUTOR, type NewAccess } from '../accesses/access-log.service.js';
import { ExecutorKey } from '../crypto/executor-key.js';
import { canonicalOrigin } from './canonical-origin.js';
import type { CredentialEntity } from './credential.entity.js';

const opensTotal = new Counter({
  name: 'patchbay_vault_credential_opens_total',
  help: 'Requests to open a credential, by `ok` or the error code',
  labelNames: ['result'],
  registers: [registry],
});

type Opening = OpenCredential | OpenSecret;

/** Who may have what opened, whatever it is; every attempt is counted and on record. */
@Injectable()
export class OpeningGate {
  constructor(
    @Inject(ExecutorKey) private readonly executorKey: ExecutorKey,
    @Inject(GrantKey) private readonly grantKey: GrantKey,
    @Inject(AccessLog) private readonly accesses: AccessLog,
  ) {}

  /** Runs what opens it, for an executor whose tool `uses` it. What is refused, here or there, is on record. */
  async pass<Opened>(
    request: Opening,
    access: NewAccess,
    uses: (grant: Grant) => boolean,
    open: () => Promise<Opened>,
  ): Promise<Opened> {
    try {
      const opened = await this.accesses.noteFailure(access, () => {
        this.check(request, uses);
        return open();
      });
      opensTotal.inc({ result: 'ok' });
      return opened;
    } catch (error) {
      opensTotal.inc({ result: error instanceof ServiceError ? error.code : 'internal' });
      throw error;
    }
  }

  private check(request: Opening, uses: (grant: Grant) => boolean): void {
    if (!this.executorKey.isProvenBy(request.session)) {
      throw new ServiceError('forbidden', 'The session key is not proven to be that of an executor');
    }
    // Executors are trusted with what the tools they run use, not with all there is.
    const problem = grantProblem(this.grantKey.read(request.grant ?? ''), request, uses, new Date());
    if (problem !== undefined) throw new ServiceError('credential_not_granted', `Not opened: ${problem}`);
  }
}

/** Why what the catalog granted does not cover what is asked for; undefined when it does. */
function grantProblem(
  grant: Grant | undefined,
  { orgId, purpose }: Opening,
  uses: (grant: Grant) => boolean,
  now: Date,
): string | undefined {
  if (!grant) return 'the catalog has not signed what this tool uses';
  if (grant.orgId !== orgId.toLowerCase()) return 'the tool is of another organization';
  if (purpose && grant.toolKey !== purpose.toolKey) return 'the grant is for another tool';
  if (!uses(grant)) return 'the tool does not use it';
  return now >= grant.expiresAt ? 'the grant has expired' : undefined;
}

/** What is noted of a request. An origin that is none is not: it may be anything, a secret in a URL too. */
export function accessOf({ orgId, origin, purpose }: Opening, credentialId: string | undefined): NewAccess {
  const canonical = canonicalOrigin(origin);
  const destination = canonical.ok ? canonical.origin : undefined;
  return { action: 'open', actor: EXECUTOR, orgId, credentialId, origin: destination, purpose };
}

/** @throws ServiceError when it is no origin, or none that the credential was entered for */
export function checkOrigin(text: string, { id, origins }: CredentialEntity): void {
  const canonical = canonicalOrigin(text);
  if (!canonical.ok) {
    throw invalidRequest([{ pointer: '/origin', code: 'wrong_format', message: canonical.message }]);
  }
  if (origins.includes(canonical.origin)) return;
  const message = `Credential ${id} was not entered for ${canonical.origin}`;
  throw new ServiceError('credential_origin_mismatch', message);
}
