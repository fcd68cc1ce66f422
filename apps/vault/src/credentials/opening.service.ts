import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import type {
  CredentialSecret,
  OpenCredential,
  OpenedCredential,
  OpenedSecret,
  OpenSecret,
} from '#contracts/vault.contract';
import { credentialContext, secretContext } from '#sealing/credential-context';
import type { Session } from '#sealing/session-key';
import { Inject, Injectable } from '@nestjs/common';
import { AccessLog, type NewAccess } from '../accesses/access-log.service.js';
import { ExecutorKey } from '../crypto/executor-key.js';
import { AccessTokens } from '../tokens/access-tokens.service.js';
import { CredentialEntity } from './credential.entity.js';
import { isTokenCredential, tokensVersionOf, valueField } from './credential-fields.js';
import { CredentialSealer } from './credential.sealer.js';
import { notFound, secretNotFound } from './not-found.js';
import { accessOf, checkOrigin, OpeningGate } from './opening-gate.service.js';
import { StoredCredentials, type CredentialWithKey } from './stored-credentials.queries.js';

/** The one way a secret leaves the vault: sealed to an executor, for a tool that uses it, to an origin it was entered for. */
@Injectable()
export class OpeningService {
  constructor(
    @Inject(StoredCredentials) private readonly stored: StoredCredentials,
    @Inject(CredentialSealer) private readonly sealer: CredentialSealer,
    @Inject(ExecutorKey) private readonly executorKey: ExecutorKey,
    @Inject(AccessLog) private readonly accesses: AccessLog,
    @Inject(OpeningGate) private readonly gate: OpeningGate,
    @Inject(AccessTokens) private readonly tokens: AccessTokens,
  ) {}

  async open(request: OpenCredential): Promise<OpenedCredential> {
    const id = request.credentialId.toLowerCase();
    const access = accessOf(request, request.credentialId);
    return this.gate.pass(
      request,
      access,
      (grant) => grant.credentialIds.includes(id),
      () => this.openFor(request, access),
    );
  }

  /** One value of a secret that templates call by name. */
  async openSecret(request: OpenSecret): Promise<OpenedSecret> {
    const { orgId, reference, environment } = request;
    const credential = await this.stored.findSecret(orgId, reference);
    const access = accessOf(request, credential?.id);
    return this.gate.pass(
      request,
      access,
      (grant) => grant.environment === environment && grant.secretNames.includes(reference),
      () => this.openValue(request, credential, access),
    );
  }

  private async openFor(request: OpenCredential, access: NewAccess): Promise<OpenedCredential> {
    const { orgId, credentialId, origin, session, refresh, endUser } = request;
    const credential = await this.stored.find(orgId, credentialId);
    if (!credential) throw notFound(credentialId);
    checkOrigin(origin, credential);
    const { name, version, content } = credential;
    if (content.type === 'secret') throw openedByName(content.reference);
    const perEndUser = isPerEndUser(credential) && ({ perEndUser: true } as const);
    if (perEndUser && endUser === undefined) return { ...perEndUser, version, name };
    const keys = await this.stored.keysOf(credential);
    const opened = this.sealer.open(credential, keys);
    const { secret, token } = await this.toUse(credential, opened, perEndUser ? endUser : '', refresh);
    const context = credentialContext({ ...credential, credentialId: credential.id });
    const sealed = this.sealTo(session, secret, context);
    await this.note(credential, access);
    return { sealed, version, name, ...perEndUser, ...(token && { token }) };
  }

  private async openValue(
    { orgId, reference, environment, origin, session }: OpenSecret,
    credential: CredentialWithKey | undefined,
    access: NewAccess,
  ): Promise<OpenedSecret> {
    if (!credential) throw secretNotFound(reference);
    checkOrigin(origin, credential);
    const keys = await this.stored.keysOf(credential);
    const value = this.sealer.openOne(credential, valueField(environment).id, keys);
    if (value === undefined) {
      const message = `The secret \`${reference}\` has no value for the environment \`${environment}\``;
      throw new ServiceError('credential_not_found', message);
    }
    const secret: CredentialSecret = { type: 'secret', reference, values: { [environment]: value } };
    const { version } = credential;
    const context = secretContext({ orgId, reference, environment, version });
    const sealed = this.sealTo(session, secret, context);
    await this.note(credential, access);
    return { sealed, version };
  }

  private sealTo(session: Session, secret: CredentialSecret, context: string): string {
    const plaintext = Buffer.from(JSON.stringify(secret));
    const sealed = this.executorKey.sealTo(session, plaintext, context);
    plaintext.fill(0);
    return sealed;
  }

  /** Nothing is handed out before it is on record for whom. */
  private note(credential: CredentialEntity, access: NewAccess): Promise<void> {
    const keyId = credential.keyId ?? this.sealer.keyIdOf(credential.content);
    return this.accesses.note({ ...access, credentialVersion: credential.version, keyId });
  }

  /** The secret itself, or the access token that it buys: then it stays here. */
  private async toUse(
    credential: CredentialEntity,
    secret: CredentialSecret,
    endUser = '',
    refused?: number,
  ): Promise<{ secret: CredentialSecret; token?: OpenedCredential['token'] }> {
    if (!isTokenCredential(secret)) return { secret };
    const { orgId, id } = credential;
    const holder = { orgId, id, version: tokensVersionOf(credential), endUser };
    const { token, ...terms } = await this.tokens.get({ ...holder, secret }, refused);
    const { expiredWhen } = secret;
    return {
      secret: { type: 'bearer', token },
      token: { ...terms, ...(expiredWhen !== undefined && { expiredWhen }) },
    };
  }
}

function isPerEndUser({ content }: CredentialEntity): boolean {
  return content.type === 'oauth2_authorization_code' && content.connectedBy === 'end_user';
}

function openedByName(reference: string): ServiceError {
  const message = `is a secret that templates name: write \`{{${reference}}}\` where it goes`;
  return invalidRequest([{ pointer: '/credentialId', code: 'not_allowed', message }]);
}
