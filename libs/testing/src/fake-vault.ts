import { ServiceError } from '#contracts/errors';
import { openCredential, openSecret, type CredentialSecret } from '#contracts/vault.contract';
import { credentialContext, secretContext } from '#sealing/credential-context';
import { sealTo } from '#sealing/sealed-box';
import type { FakeResponder } from './fake-responder.js';

/** The access token there is, or the one after the version that was refused. */
type FakeToken = (refused: number | undefined) => {
  token: string;
  version: number;
  lifetimeMs: number;
  expiredWhen?: string;
};

/**
 * Answers `open` like the vault does, sealing and all, from credentials kept by the spec; once `ready` is. What templates
 * name is in `named`: by name and environment, `CRM_API_KEY production`.
 */
export async function fakeVault(
  responder: FakeResponder,
  executorKey: Buffer,
  ready: () => Promise<unknown> = () => Promise.resolve(),
) {
  const secrets = new Map<string, CredentialSecret>();
  const tokens = new Map<string, FakeToken>();
  /** Tokens by end user, of credentials that have one for each. */
  const accounts = new Map<string, Map<string, string>>();
  const { requests } = await responder.answer(
    openCredential,
    async ({ orgId, credentialId, session, refresh, endUser }) => {
      await ready();
      const version = 1;
      const owners = accounts.get(credentialId);
      const perEndUser = owners && ({ perEndUser: true } as const);
      if (perEndUser && endUser === undefined) return { ...perEndUser, version, name: 'accounts' };
      const account = owners && accountToken(owners, endUser);
      const token = account ?? tokens.get(credentialId)?.(refresh);
      const secret = token ? { type: 'bearer' as const, token: token.token } : secrets.get(credentialId);
      if (!secret) throw new ServiceError('credential_not_found', 'There is no such credential');
      const sealed = sealTo(
        session.publicKey,
        executorKey,
        Buffer.from(JSON.stringify(secret)),
        credentialContext({ orgId, credentialId, version }),
      );
      const name = `credential of type ${secret.type}`;
      if (!token) return { sealed, version, name };
      const { version: tokenVersion, lifetimeMs, expiredWhen } = token;
      return {
        sealed,
        version,
        name,
        ...perEndUser,
        token: { version: tokenVersion, lifetimeMs, expiredWhen },
      };
    },
  );
  const named = new Map<string, string>();
  const secretRequests = await responder.answer(openSecret, async ({ orgId, session, ...asked }) => {
    await ready();
    const { reference, environment } = asked;
    const value = named.get(`${reference} ${environment}`);
    if (value === undefined) throw new ServiceError('credential_not_found', `There is no \`${reference}\``);
    const version = 1;
    const sealed = sealTo(
      session.publicKey,
      executorKey,
      Buffer.from(JSON.stringify({ type: 'secret', reference, values: { [environment]: value } })),
      secretContext({ orgId, reference, environment, version }),
    );
    return { sealed, version };
  });
  return { secrets, tokens, accounts, requests, named, secretRequests: secretRequests.requests };
}

function accountToken(owners: ReadonlyMap<string, string>, endUser = ''): ReturnType<FakeToken> {
  const token = owners.get(endUser);
  if (token !== undefined) return { token, version: 1, lifetimeMs: 60_000 };
  throw new ServiceError('authorization_required', 'No access token: nobody has connected the account');
}
