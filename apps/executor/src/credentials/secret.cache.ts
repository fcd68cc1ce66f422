import type { Environment } from '#contracts/common.contract';
import { openSecret, type CredentialSecret } from '#contracts/vault.contract';
import { Deadline } from '#messaging/deadline';
import { NatsLink } from '#messaging/nats-connection';
import { RpcClient } from '#messaging/rpc.client';
import { secretContext } from '#sealing/credential-context';
import { SessionKeyPair } from '#sealing/session-key';
import { withCallBaggage, type CallTags } from '#telemetry/call-context';
import { Scrubber } from '#toolcall/scrub';
import { Secret } from '#toolcall/secret';
import { Inject, Injectable } from '@nestjs/common';
import { context, type Context } from '@opentelemetry/api';
import { RefreshingCache } from '../refreshing-cache.js';
import { secretValues } from './apply-credential.js';
import { openedRules } from './credential.cache.js';

/** A secret this process may use for half a minute. */
interface OpenSecret {
  readonly name: string;
  readonly value: Secret;
  readonly scrubber: Scrubber;
}

/** The secrets of one request. */
export interface OpenSecrets {
  /** By the name that templates have for it. */
  readonly values: ReadonlyMap<string, Secret>;
  /** Takes them out of whatever the upstream says. */
  readonly scrubber: Scrubber;
}

export interface SecretsRequest extends CallTags {
  /** Which the vault notes as the one they were opened for. */
  readonly executionId: string;
  readonly names: readonly string[];
  readonly environment: Environment;
  readonly origin: string;
  /** Shows the vault that the tool uses them. */
  readonly grant: string | undefined;
}

/** Secrets that templates name, opened by the vault for this executor. */
@Injectable()
export class SecretCache {
  private readonly cache = new RefreshingCache<OpenSecret>(openedRules);

  constructor(
    private readonly rpc: RpcClient,
    link: NatsLink,
    @Inject(SessionKeyPair) private readonly keyPair: SessionKeyPair,
  ) {
    link.onReconnect(() => this.cache.drop(() => true)); // a revocation may have been missed
  }

  /** All of them, at the same time; a promise only where the vault has to be asked. @throws ServiceError what it answers */
  get(request: SecretsRequest, deadline: Deadline, parent: Context): OpenSecrets | Promise<OpenSecrets> {
    const found = request.names.map((name) => {
      const key = keyOf(request, name);
      const open = (timeoutMs: number) => this.open(request, name, Deadline.in(timeoutMs), parent);
      return this.cache.fresh(key) ?? this.cache.get(key, open, deadline);
    });
    const known = found.filter((secret): secret is OpenSecret => !(secret instanceof Promise));
    if (known.length === found.length) return together(known);
    return Promise.all(found.map((secret) => Promise.resolve(secret))).then(together);
  }

  /** All that the organization has: which of them it was, only the vault knows, and changes are rare. */
  drop({ orgId }: { orgId: string }): void {
    this.cache.drop((key) => key.startsWith(`${orgId} `));
  }

  private async open(
    request: SecretsRequest,
    reference: string,
    deadline: Deadline,
    parent: Context,
  ): Promise<OpenSecret> {
    const { orgId, environment, origin, grant, executionId, toolKey, callId } = request;
    const { session } = this.keyPair;
    const purpose = { executionId, toolKey, ...(callId !== undefined && { callId }) };
    const { sealed, version } = await context.with(withCallBaggage(parent, request), () =>
      this.rpc.call(
        openSecret,
        { orgId, reference, environment, origin, session, grant, purpose },
        { deadline },
      ),
    );
    const plaintext = this.keyPair.open(sealed, secretContext({ orgId, reference, environment, version }));
    const secret = JSON.parse(plaintext.toString()) as CredentialSecret;
    plaintext.fill(0);
    const values = secretValues(secret);
    const [value = ''] = values;
    return { name: reference, value: new Secret(value), scrubber: new Scrubber(values) };
  }
}

function together(secrets: readonly OpenSecret[]): OpenSecrets {
  return {
    values: new Map(secrets.map(({ name, value }) => [name, value])),
    scrubber: secrets.map(({ scrubber }) => scrubber).reduce((all, one) => all.and(one)),
  };
}

function keyOf({ orgId, environment, origin }: SecretsRequest, name: string): string {
  return `${orgId} ${name} ${environment} ${origin}`;
}
