import type { AuthorizationCode } from '#contracts/credential-types.contract';
import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Where a browser is sent to sign in and agree (RFC 6749, 4.1.1, with RFC 7636): all but the `state`, which only the
 * gateway has.
 */
export function authorizationUrlOf(
  credential: AuthorizationCode<unknown>,
  { redirectUri, codeVerifier }: { redirectUri: string; codeVerifier: string },
): string {
  const { authorizationUrl, clientId, scope, audience, authorizationParameters = [] } = credential;
  const url = new URL(authorizationUrl);
  const parameters: Record<string, string> = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    ...(scope !== undefined && { scope }),
    ...(audience !== undefined && { audience }),
    code_challenge: hashOf(codeVerifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  for (const { name, value } of authorizationParameters) url.searchParams.set(name, value);
  return url.href;
}

/** SHA-256, base64url: what is kept of a random text, and the S256 challenge of a verifier. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Whether it is the text of this hash; takes the same time for any other. */
export function matchesHash(text: string, hash: string): boolean {
  const [own, kept] = [Buffer.from(hashOf(text)), Buffer.from(hash)];
  return own.length === kept.length && timingSafeEqual(own, kept);
}
