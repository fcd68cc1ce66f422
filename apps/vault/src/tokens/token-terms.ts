import type { CredentialHealth } from '#contracts/credential-types.contract';
import type { TokenEntity } from './token.entity.js';

/** A token is not used within so much of its end: it has yet to travel, and clocks differ. */
const LEEWAY = { mostMs: 30_000, share: 0.2 };
/** The next one is fetched somewhere in this part of its life, so that not all vaults' tokens end together. */
const REFRESH = { from: 0.6, to: 0.75 };
/** An API that refuses every token has us fetch a new one no more often than this. */
const FORCED_EVERY_MS = 10_000;
/** How long a token that can be renewed is taken to last whose server does not say, and at most. */
const UNSAID_LIFETIME_MS = 5 * 60_000;
const LONGEST_LIFETIME_MS = 24 * 3_600_000;
/** Of one that cannot: what comes later is as good as never. */
const LONGEST_FIXED_MS = 10 * 365 * 24 * 3_600_000;

export interface TokenTerms {
  readonly expiresAt: Date | null;
  readonly refreshAt: Date | null;
}

/**
 * When a token may no longer be used, and when the next is to be fetched. One that cannot be renewed is used for as long
 * as its server says, for ever if it says nothing.
 */
export function termsOf(
  { lifetimeMs, isRenewable }: { lifetimeMs: number | undefined; isRenewable: boolean },
  obtainedAt: number,
  random: number,
): TokenTerms {
  if (!isRenewable && lifetimeMs === undefined) return { expiresAt: null, refreshAt: null };
  const longestMs = isRenewable ? LONGEST_LIFETIME_MS : LONGEST_FIXED_MS;
  const lastsMs = Math.min(lifetimeMs ?? UNSAID_LIFETIME_MS, longestMs);
  const usableMs = lastsMs - Math.min(LEEWAY.mostMs, lastsMs * LEEWAY.share);
  const share = REFRESH.from + (REFRESH.to - REFRESH.from) * random;
  return {
    expiresAt: new Date(obtainedAt + usableMs),
    refreshAt: new Date(obtainedAt + Math.min(usableMs, lastsMs * share)),
  };
}

/** How long a token may still be used, for whoever keeps it for less than that anyway. */
export function lifetimeOf({ expiresAt }: Pick<TokenTerms, 'expiresAt'>, now: number): number {
  return expiresAt ? Math.max(0, expiresAt.getTime() - now) : LONGEST_LIFETIME_MS;
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
  if (isFixed(token)) return 'use'; // there is no other
  if (!token.expiresAt || !token.refreshAt || token.expiresAt.getTime() <= now) return 'replace';
  const isRefused = refused !== undefined && refused >= token.version;
  if (isRefused && now - (token.forcedAt?.getTime() ?? 0) >= FORCED_EVERY_MS) return 'replace';
  return token.refreshAt.getTime() <= now ? 'use_and_renew' : 'use';
}

/** Why somebody has to connect the account before there can be a token; undefined when it is connected. */
export function whyConnect(
  token: TokenEntity | undefined,
  credentialVersion: number,
  now: number,
): string | undefined {
  if (!token?.connectedAt || token.credentialVersion !== credentialVersion) {
    return 'nobody has connected the account';
  }
  if (token.state === 'revoked') return 'access to the account was withdrawn; it has to be connected again';
  const isOver = token.expiresAt !== null && token.expiresAt.getTime() <= now;
  return isFixed(token) && isOver
    ? 'access to the account has ended; it has to be connected again'
    : undefined;
}

/** How it stands with a credential's tokens, for its owner. */
export function healthOf(token: TokenEntity, now: number): CredentialHealth {
  const { expiresAt, lastError, lastErrorAt } = token;
  const isGood = token.sealed !== null && expiresAt !== null && expiresAt.getTime() > now;
  return {
    status: statusOf(token, now),
    ...(isGood && { expiresAt: expiresAt.toISOString() }),
    ...(lastError !== null &&
      lastErrorAt !== null && { lastError: { at: lastErrorAt.toISOString(), message: lastError } }),
  };
}

function statusOf(token: TokenEntity, now: number): CredentialHealth['status'] {
  const { state, expiresAt, refreshAt } = token;
  if (state === 'revoked' || !isFixed(token)) return state;
  if (expiresAt && expiresAt.getTime() <= now) return 'expired';
  return refreshAt && refreshAt.getTime() <= now ? 'expiring' : 'active';
}

/** Somebody connected it, and it cannot be renewed without them. */
function isFixed({ connectedAt, sealedRefresh }: TokenEntity): boolean {
  return connectedAt !== null && sealedRefresh === null;
}
