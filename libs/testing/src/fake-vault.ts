import { ServiceError } from '#contracts/errors';
import { openCredential, type CredentialSecret } from '#contracts/vault.contract';
import { credentialContext } from '#sealing/credential-context';
import { sealTo } from '#sealing/sealed-box';
import type { FakeResponder } from './fake-responder.js';

/** Answers `open` like the vault does, sealing and all, from credentials kept by the spec; once `ready` is. */
export async function fakeVault(
  responder: FakeResponder,
  executorKey: Buffer,
  ready: () => Promise<unknown> = () => Promise.resolve(),
) {
  const secrets = new Map<string, CredentialSecret>();
  const { requests } = await responder.answer(openCredential, async ({ orgId, credentialId, session }) => {
    await ready();
    const secret = secrets.get(credentialId);
    if (!secret) throw new ServiceError('credential_not_found', 'There is no such credential');
    const version = 1;
    const sealed = sealTo(
      session.publicKey,
      executorKey,
      Buffer.from(JSON.stringify(secret)),
      credentialContext({ orgId, credentialId, version }),
    );
    return { sealed, version, name: `credential of type ${secret.type}` };
  });
  return { secrets, requests };
}
