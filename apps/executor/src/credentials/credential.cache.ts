import { openCredential, type CredentialSecret, type OpenedCredential } from '#contracts/vault.contract';
import type { ClientCertificate } from '#egress/client-certificate';
import { Deadline } from '#messaging/deadline';
import { NatsLink } from '#messaging/nats-connection';
import { RpcClient } from '#messaging/rpc.client';
import { credentialContext } from '#sealing/credential-context';
import { SessionKeyPair } from '#sealing/session-key';
import { withCallBaggage, type CallTags } from '#telemetry/call-context';
import { compileCondition, type Test } from '#toolcall/condition/compile-condition';
import { parseCondition } from '#toolcall/condition/parse-condition';
import { Scrubber } from '#toolcall/scrub';
import { Inject, Injectable } from '@nestjs/common';
import { context, type Context } from '@opentelemetry/api';
import { ExecutorConfig } from '../config.js';
import { RefreshingCache } from '../refreshing-cache.js';
import {
  clientCertificateOf,
  placementsOf,
  secretValues,
  signerOf,
  type Placement,
} from './apply-credential.js';
import type { RequestSigner } from './signing/request-signer.js';

export interface OpenToken {
  readonly version: number;
  readonly lifetimeMs: number;
  /** Whether an answer other than 401 says that it has expired. */
  readonly isExpiredBy?: Test | undefined;
}

/** A credential this process may use for half a minute. */
export interface OpenCredential {
  /** As shown to people, in place of the secret. */
  readonly name: string;
  readonly placements: readonly Placement[];
  /** Signs the request with the placements in it. */
  readonly signer: RequestSigner | undefined;
  readonly clientCertificate: ClientCertificate | undefined;
  /** Where it is an access token, which ends and is renewed. */
  readonly token?: OpenToken;
  /** Takes its values out of whatever the upstream says. */
  readonly scrubber: Scrubber;
}

export interface CredentialRequest extends CallTags {
  /** Which the vault notes as the one it was opened for. */
  readonly executionId: string;
  readonly credentialId: string;
  readonly origin: string;
  /** Shows the vault that the tool uses it. */
  readonly grant: string | undefined;
}

/** Renewed in the background from 20 s on, gone after 30 s: what is revoked is not used longer than that. */
const rules = { freshMs: 20_000, usableMs: 30_000, patienceMs: 0, fetchMs: 4000, maxEntries: 5000 };

/** Credentials opened by the vault for this executor: sealed on the bus, in clear in this memory only. */
@Injectable()
export class CredentialCache {
  private readonly cache = new RefreshingCache<OpenCredential>(rules, ({ token }) => token?.lifetimeMs);
  private readonly keyPair: SessionKeyPair;

  constructor(
    private readonly rpc: RpcClient,
    link: NatsLink,
    @Inject(ExecutorConfig) config: ExecutorConfig,
  ) {
    this.keyPair = SessionKeyPair.create(Buffer.from(config.EXECUTOR_KEY, 'base64'));
    // A revocation may have been missed: unlike a definition, a credential is not given the benefit of the doubt.
    link.onReconnect(() => this.cache.drop(() => true));
  }

  /** @throws ServiceError what the vault answers, or `service_unavailable` when it cannot */
  get(
    request: CredentialRequest,
    deadline: Deadline,
    parent: Context,
  ): OpenCredential | Promise<OpenCredential> {
    const key = keyOf(request);
    return (
      this.cache.fresh(key) ??
      this.cache.get(key, (timeoutMs) => this.open(request, Deadline.in(timeoutMs), parent), deadline)
    );
  }

  /** Another access token than the one of this version, which the API does not take. @throws ServiceError as `get` */
  async renew(
    request: CredentialRequest,
    refused: number,
    deadline: Deadline,
    parent: Context,
  ): Promise<OpenCredential> {
    const key = keyOf(request);
    const known = this.cache.fresh(key);
    if (known?.token && known.token.version > refused) return known;
    if (known) this.cache.drop((other) => other === key);
    const open = (timeoutMs: number) => this.open(request, Deadline.in(timeoutMs), parent, refused);
    return this.cache.get(key, open, deadline);
  }

  drop({ orgId, credentialId }: { orgId: string; credentialId: string }): void {
    this.cache.drop((key) => key.startsWith(`${orgId} ${credentialId} `));
  }

  private async open(
    request: CredentialRequest,
    deadline: Deadline,
    parent: Context,
    refresh?: number,
  ): Promise<OpenCredential> {
    const { orgId, credentialId, origin, grant, executionId, toolKey, callId } = request;
    const { session } = this.keyPair;
    const purpose = { executionId, toolKey, ...(callId !== undefined && { callId }) };
    const { sealed, version, name, token } = await context.with(withCallBaggage(parent, request), () =>
      this.rpc.call(
        openCredential,
        { orgId, credentialId, origin, session, grant, purpose, ...(refresh !== undefined && { refresh }) },
        { deadline },
      ),
    );
    const plaintext = this.keyPair.open(sealed, credentialContext({ orgId, credentialId, version }));
    const secret = JSON.parse(plaintext.toString()) as CredentialSecret;
    plaintext.fill(0);
    return { name, ...usable(secret), ...(token && { token: readToken(token) }) };
  }
}

function keyOf({ orgId, credentialId, origin }: CredentialRequest): string {
  return `${orgId} ${credentialId.toLowerCase()} ${origin}`;
}

function readToken({ version, lifetimeMs, expiredWhen }: NonNullable<OpenedCredential['token']>): OpenToken {
  const condition = expiredWhen === undefined ? undefined : parseCondition(expiredWhen);
  return {
    version,
    lifetimeMs,
    ...(condition?.ok && { isExpiredBy: compileCondition(condition.condition) }),
  };
}

/** The secret as it is used: whatever can be worked out once, is. */
function usable(secret: CredentialSecret): Omit<OpenCredential, 'name'> {
  return {
    placements: placementsOf(secret),
    signer: signerOf(secret),
    clientCertificate: clientCertificateOf(secret),
    scrubber: new Scrubber(secretValues(secret)),
  };
}
