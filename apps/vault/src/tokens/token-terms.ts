import type { CredentialHealth } from '#contracts/credential-types.contract';
import type { TokenEntity } from './token.entity.js';

/** A token is not used within so much of its end: it has yet to travel, and clocks differ. */
const LEEWAY = { mostMs: 30_000, share: 0.2 };
/** The next one is fetched somewhere in this part of its life, so that not all vaults' tokens end together. */
const REFRESH = { from: 0.6, to: 0.75 };
/** An API that refuses every token has us fetch a new one no more often than this. */
const FORCED_EVERY_MS = 10_000;

/** When a token of this lifetime may no longer be used, and when the next is to be fetched. */
export function termsOf(
  lifetimeMs: number,
  obtainedAt: number,
  random: number,
): { expiresAt: Date; refreshAt: Date } {
  const usableMs = lifetimeMs - Math.min(LEEWAY.mostMs, lifetimeMs * LEEWAY.share);
  const share = REFRESH.from + (REFRESH.to - REFRESH.from) * random;
  return {
    expiresAt: new Date(obtainedAt + usableMs),
    refreshAt: new Date(obtainedAt + Math.min(usableMs, lifetimeMs * share)),
  };
}

export type TokenVerdict = 'use' | 'use_and_renew' | 'replace';

/** What to do about a stored token. `refused` is the version that an API did not take. */
export function judgeToken(
  token: TokenEntity | undefined,
  credentialVersion: number,
  refused: number | undefined,
  now: number,
): TokenVerdict {
  if (!token?.sealed || token.credentialVersion !== credentialVersion) return 'replace';
  if (!token.expiresAt || !token.refreshAt || token.expiresAt.getTime() <= now) return 'replace';
  const isRefused = refused !== undefined && refused >= token.version;
  if (isRefused && now - (token.forcedAt?.getTime() ?? 0) >= FORCED_EVERY_MS) return 'replace';
  return token.refreshAt.getTime() <= now ? 'use_and_renew' : 'use';
}

/** How it stands with a credential's tokens, for its owner. */
export function healthOf(token: TokenEntity, now: number): CredentialHealth {
  const { state, expiresAt, lastError, lastErrorAt } = token;
  const isGood = token.sealed !== null && expiresAt !== null && expiresAt.getTime() > now;
  return {
    status: state,
    ...(isGood && { expiresAt: expiresAt.toISOString() }),
    ...(lastError !== null &&
      lastErrorAt !== null && { lastError: { at: lastErrorAt.toISOString(), message: lastError } }),
  };
}
