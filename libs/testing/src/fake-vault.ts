import { ServiceError } from '#contracts/errors';
import { openCredential, type CredentialSecret } from '#contracts/vault.contract';
import { credentialContext } from '#sealing/credential-context';
import { sealTo } from '#sealing/sealed-box';
import type { FakeResponder } from './fake-responder.js';

/** The access token there is, or the one after the version that was refused. */
type FakeToken = (refused: number | undefined) => {
  token: string;
  version: number;
  lifetimeMs: number;
  expiredWhen?: string;
};

/** Answers `open` like the vault does, sealing and all, from credentials kept by the spec; once `ready` is. */
export async function fakeVault(
  responder: FakeResponder,
  executorKey: Buffer,
  ready: () => Promise<unknown> = () => Promise.resolve(),
) {
  const secrets = new Map<string, CredentialSecret>();
  const tokens = new Map<string, FakeToken>();
  const { requests } = await responder.answer(
    openCredential,
    async ({ orgId, credentialId, session, refresh }) => {
      await ready();
      const token = tokens.get(credentialId)?.(refresh);
      const secret = token ? { type: 'bearer' as const, token: token.token } : secrets.get(credentialId);
      if (!secret) throw new ServiceError('credential_not_found', 'There is no such credential');
      const version = 1;
      const sealed = sealTo(
        session.publicKey,
        executorKey,
        Buffer.from(JSON.stringify(secret)),
        credentialContext({ orgId, credentialId, version }),
      );
      const name = `credential of type ${secret.type}`;
      if (!token) return { sealed, version, name };
      const { version: tokenVersion, lifetimeMs, expiredWhen } = token;
      return { sealed, version, name, token: { version: tokenVersion, lifetimeMs, expiredWhen } };
    },
  );
  return { secrets, tokens, requests };
}
