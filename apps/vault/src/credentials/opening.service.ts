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
  ) {}

  async open(request: OpenCredential): Promise<OpenedCredential> {
    try {
      const opened = await this.openFor(request);
      opensTotal.inc({ result: 'ok' });
      return opened;
    } catch (error) {
      opensTotal.inc({ result: error instanceof ServiceError ? error.code : 'internal' });
      throw error;
    }
  }

  private async openFor({ orgId, credentialId, origin, session }: OpenCredential): Promise<OpenedCredential> {
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
    return { sealed, version, name };
  }
}

function readOrigin(text: string): string {
  const canonical = canonicalOrigin(text);
  if (canonical.ok) return canonical.origin;
  throw invalidRequest([{ pointer: '/origin', code: 'wrong_format', message: canonical.message }]);
}
