import { beginAuthorization, finishAuthorization, startConnection } from '#contracts/vault.contract';
import { authorizationContext, sealForVault } from '#sealing/intake-key';
import type { NatsConnection } from '@nats-io/transport-node';
import { randomBytes } from 'node:crypto';

interface Account {
  readonly orgId: string;
  readonly credentialId: string;
  readonly endUser: string;
}

/** What a gateway and a browser do together, so that an organization has an account connected. */
export async function connectAccount(
  bus: NatsConnection,
  vaultPublicKey: string,
  account: Account,
): Promise<void> {
  const { orgId, credentialId } = account;
  const random = () => randomBytes(32).toString('base64url');
  const [ticket, state, browser] = [random(), random(), random()];
  const seal = (value: object, context: string) =>
    sealForVault(vaultPublicKey, Buffer.from(JSON.stringify(value)), context);
  const ask = async (subject: string, request: object) => {
    const reply = await bus.request(subject, JSON.stringify(request), { timeout: 10_000 });
    if (reply.headers?.get('Nats-Service-Error-Code')) throw new Error(`${subject}: ${reply.string()}`);
    return reply.json<Record<string, string>>();
  };
  await ask(startConnection.subject, {
    ...account,
    sealed: seal({ ticket }, authorizationContext('start', orgId, credentialId)),
  });
  const { authorizationUrl = '' } = await ask(beginAuthorization.subject, {
    sealed: seal({ ticket, state, browser }, authorizationContext('begin')),
    redirectUri: 'https://gateway.example.com/v1/oauth/callback',
  });
  const page = new URL(authorizationUrl);
  page.searchParams.set('state', state);
  const { headers } = await fetch(page, { redirect: 'manual' });
  const answer = Object.fromEntries(new URL(headers.get('location') ?? '').searchParams);
  await ask(finishAuthorization.subject, {
    sealed: seal({ ...answer, browser }, authorizationContext('finish')),
  });
}
