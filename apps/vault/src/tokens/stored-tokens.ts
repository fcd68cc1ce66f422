import type { TokenCredential } from '#contracts/credential-types.contract';
import { EnvelopeError } from '../crypto/box.js';
import { openText, sealText, tokenPurpose, type Purpose } from './token-box.js';
import type { SealedTokens, TokenHolder } from './token-store.service.js';
import { termsOf } from './token-terms.js';
import type { TokenEntity } from './token.entity.js';

/** A credential that gets tokens, opened. */
export interface TokenBuyer extends TokenHolder {
  readonly secret: TokenCredential<string>;
}

/** What a server has given. */
export interface GivenTokens {
  readonly token: string;
  readonly refreshToken?: string | undefined;
  /** Absent where it does not say. */
  readonly lifetimeMs?: number | undefined;
}

/** Whether tokens are had because somebody has agreed to it, and not by the credential alone. */
export function isForAccount({ secret }: TokenBuyer): boolean {
  return secret.type === 'oauth2_authorization_code';
}

/** What a server has given, as it is kept: bound to its owner and to this version of the token. */
export function sealTokens(
  buyer: TokenBuyer,
  version: number,
  { token, refreshToken, lifetimeMs }: GivenTokens,
  askedAt: number,
): SealedTokens {
  const key = buyer.secret.tokenKey ?? '';
  const isRenewable = !isForAccount(buyer) || refreshToken !== undefined;
  return {
    sealed: sealText(token, key, purposeOf('access', buyer, version)),
    sealedRefresh:
      refreshToken === undefined ? null : sealText(refreshToken, key, purposeOf('refresh', buyer, version)),
    ...termsOf({ lifetimeMs, isRenewable }, askedAt, Math.random()),
  };
}

/** One of a row's tokens; undefined when there is none, or it does not open. */
export function openToken(
  kind: 'access' | 'refresh',
  buyer: TokenBuyer,
  { sealed, sealedRefresh, version }: TokenEntity,
): string | undefined {
  const box = kind === 'access' ? sealed : sealedRefresh;
  if (box === null) return undefined;
  try {
    return openText(box, buyer.secret.tokenKey ?? '', purposeOf(kind, buyer, version));
  } catch (error) {
    if (error instanceof EnvelopeError) return undefined;
    throw error;
  }
}

function purposeOf(kind: 'access' | 'refresh', buyer: TokenBuyer, version: number): Purpose {
  const { orgId, id: credentialId, endUser, version: credentialVersion } = buyer;
  return tokenPurpose(kind, { orgId, credentialId, endUser, credentialVersion, version });
}
