import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import type { OpenCredential, OpenedCredential } from '#contracts/vault.contract';
import { credentialContext } from '#sealing/credential-context';
import { Counter, registry } from '#telemetry/metrics';
import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { ExecutorKey } from '../crypto/executor-key.js';
import { canonicalOrigin } from './canonical-origin.js';
import { AccessLog, EXECUTOR, type NewAccess } from '../accesses/access-log.service.js';
import { CredentialEntity } from './credential.entity.js';
import { CredentialSealer } from './credential.sealer.js';
import { notFound } from './credentials.service.js';

const opensTotal = new Counter({
  name: 'patchbay_vault_credential_opens_total',
  help: 'Requests to open a credential, by `ok` or the error code',
  labelNames: ['result'],
  registers: [registry],
});

/** The one way a secret leaves the vault: sealed to an executor, for an origin it was entered for. */
@Injectable()
export class OpeningService {
  constructor(
    @InjectRepository(CredentialEntity) private readonly credentials: Repository<CredentialEntity>,
    @Inject(CredentialSealer) private readonly sealer: CredentialSealer,
    @Inject(ExecutorKey) private readonly executorKey: ExecutorKey,
    @Inject(AccessLog) private readonly accesses: AccessLog,
  ) {}

  /** Nothing is handed out before it is on record for whom; what was refused is on record too. */
  async open(request: OpenCredential): Promise<OpenedCredential> {
    const access = accessOf(request);
    try {
      const opened = await this.accesses.noteFailure(access, () => this.openFor(request, access));
      opensTotal.inc({ result: 'ok' });
      return opened;
    } catch (error) {
      opensTotal.inc({ result: error instanceof ServiceError ? error.code : 'internal' });
      throw error;
    }
  }

  private async openFor(
    { orgId, credentialId, origin, session }: OpenCredential,
    access: NewAccess,
  ): Promise<OpenedCredential> {
    if (!this.executorKey.isProvenBy(session)) {
      throw new ServiceError('forbidden', 'The session key is not proven to be that of an executor');
    }
    const destination = readOrigin(origin);
    const credential = await this.credentials.findOneBy({ orgId, id: credentialId });
    if (!credential) throw notFound(credentialId);
    const { name, version, origins } = credential;
    if (!origins.includes(destination)) {
      const message = `Credential ${credential.id} was not entered for ${destination}`;
      throw new ServiceError('credential_origin_mismatch', message);
    }
    const plaintext = Buffer.from(JSON.stringify(this.sealer.open(credential)));
    const context = credentialContext({ orgId: credential.orgId, credentialId: credential.id, version });
    const sealed = this.executorKey.sealTo(session, plaintext, context);
    plaintext.fill(0);
    const keyId = this.sealer.keyIdOf(credential.content);
    await this.accesses.note({ ...access, credentialVersion: version, keyId });
    return { sealed, version, name };
  }
}

/** An origin that is none is not noted: it may be anything, a secret in a URL too. */
function accessOf({ orgId, credentialId, origin, purpose }: OpenCredential): NewAccess {
  const canonical = canonicalOrigin(origin);
  const destination = canonical.ok ? canonical.origin : undefined;
  return { action: 'open', actor: EXECUTOR, orgId, credentialId, origin: destination, purpose };
}

function readOrigin(text: string): string {
  const canonical = canonicalOrigin(text);
  if (canonical.ok) return canonical.origin;
  throw invalidRequest([{ pointer: '/origin', code: 'wrong_format', message: canonical.message }]);
}
