import { openCredential, type CredentialSecret, type OpenedCredential } from '#contracts/vault.contract';
import type { ClientCertificate } from '#egress/client-certificate';
import { ServiceError } from '#contracts/errors';
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
  /** Whose account, should the credential have one for each. */
  readonly endUser?: string | undefined;
}

/** The credential has one account for each end user, and it was not said whose is wanted. */
class EndUserRequired extends ServiceError {
  constructor() {
    super('authorization_required', 'it uses the account of whoever calls, and the call has no `contact.id`');
  }
}

/** Renewed in the background from 20 s on, gone after 30 s: what is revoked is not used longer than that. */
export const openedRules = {
  freshMs: 20_000,
  usableMs: 30_000,
  patienceMs: 0,
  fetchMs: 4000,
  maxEntries: 5000,
};

/** Credentials opened by the vault for this executor: sealed on the bus, in clear in this memory only. */
@Injectable()
export class CredentialCache {
  private readonly cache = new RefreshingCache<OpenCredential>(openedRules, ({ token }) => token?.lifetimeMs);
  /** Credentials known to have one account for each end user: what is opened of them is kept for each apart. */
  private readonly perEndUser = new Set<string>();

  constructor(
    private readonly rpc: RpcClient,
    link: NatsLink,
    @Inject(SessionKeyPair) private readonly keyPair: SessionKeyPair,
  ) {
    // A revocation may have been missed: unlike a definition, a credential is not given the benefit of the doubt.
    link.onReconnect(() => this.cache.drop(() => true));
  }

  /** @throws ServiceError what the vault answers, or `service_unavailable` when it cannot */
  get(
    request: CredentialRequest,
    deadline: Deadline,
    parent: Context,
  ): OpenCredential | Promise<OpenCredential> {
    return this.cache.fresh(this.keyOf(request)) ?? this.fetch(request, deadline, parent);
  }

  private async fetch(
    request: CredentialRequest,
    deadline: Deadline,
    parent: Context,
  ): Promise<OpenCredential> {
    const open = (timeoutMs: number) => this.open(request, Deadline.in(timeoutMs), parent);
    try {
      return await this.cache.get(this.keyOf(request), open, deadline);
    } catch (error) {
      if (!(error instanceof EndUserRequired) || request.endUser === undefined) throw error;
      return this.cache.get(this.keyOf(request), open, deadline); // known now to be kept for each apart
    }
  }

  /** Another access token than the one of this version, which the API does not take. @throws ServiceError as `get` */
  async renew(
    request: CredentialRequest,
    refused: number,
    deadline: Deadline,
    parent: Context,
  ): Promise<OpenCredential> {
    const key = this.keyOf(request);
    const known = this.cache.fresh(key);
    if (known?.token && known.token.version > refused) return known;
    if (known) this.cache.drop((other) => other === key);
    const open = (timeoutMs: number) => this.open(request, Deadline.in(timeoutMs), parent, refused);
    return this.cache.get(key, open, deadline);
  }

  drop({ orgId, credentialId }: { orgId: string; credentialId: string }): void {
    this.cache.drop((key) => key.startsWith(`${orgId} ${credentialId} `));
    this.perEndUser.delete(`${orgId} ${credentialId}`);
  }

  private async open(
    request: CredentialRequest,
    deadline: Deadline,
    parent: Context,
    refresh?: number,
  ): Promise<OpenCredential> {
    const { orgId, credentialId, origin, grant, executionId, toolKey, callId, endUser } = request;
    const whose = endUser !== undefined && this.perEndUser.has(nameOf(request)) && { endUser };
    const { session } = this.keyPair;
    const purpose = { executionId, toolKey, ...(callId !== undefined && { callId }) };
    const {
      sealed,
      version,
      name,
      token,
      perEndUser = false,
    } = await context.with(withCallBaggage(parent, request), () =>
      this.rpc.call(
        openCredential,
        {
          orgId,
          credentialId,
          origin,
          session,
          grant,
          purpose,
          ...whose,
          ...(refresh !== undefined && { refresh }),
        },
        { deadline },
      ),
    );
    this.noteWhose(request, perEndUser);
    if (sealed === undefined || perEndUser !== (whose !== false)) throw new EndUserRequired();
    const plaintext = this.keyPair.open(sealed, credentialContext({ orgId, credentialId, version }));
    const secret = JSON.parse(plaintext.toString()) as CredentialSecret;
    plaintext.fill(0);
    return { name, ...usable(secret), ...(token && { token: readToken(token) }) };
  }

  private keyOf(request: CredentialRequest): string {
    const name = nameOf(request);
    const key = `${name} ${request.origin}`;
    return this.perEndUser.size > 0 && this.perEndUser.has(name) ? `${key} ${request.endUser ?? ''}` : key;
  }

  private noteWhose(request: CredentialRequest, perEndUser: boolean): void {
    const name = nameOf(request);
    if (this.perEndUser.size >= openedRules.maxEntries) this.perEndUser.clear(); // the others are learned again
    if (perEndUser) this.perEndUser.add(name);
    else this.perEndUser.delete(name);
  }
}

function nameOf({ orgId, credentialId }: CredentialRequest): string {
  return `${orgId} ${credentialId.toLowerCase()}`;
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
