import type { TokenCredential } from '#contracts/credential-types.contract';
import { parseCondition } from '#toolcall/condition/parse-condition';
import { createPrivateKey } from 'node:crypto';
import { checkText, type Refuse } from './form-checks.js';

/** Why a URL may not be called; undefined when it may. */
export type CheckUrl = (url: string) => string | undefined;

/** RFC 6749 section 3.3: words of printable ASCII without quotes and backslashes. */
const scopes = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** Everything about where access tokens come from but the secret that buys them. */
export function checkTokenFields(
  entered: TokenCredential<unknown>,
  checkUrl: CheckUrl,
  refuse: Refuse,
): void {
  const { tokenUrl, scope, expiredWhen, audience = '' } = entered;
  const why = checkUrl(tokenUrl);
  if (why !== undefined) refuse('/tokenUrl', 'not_allowed', why);
  else if (tokenUrl.includes('#')) refuse('/tokenUrl', 'not_allowed', 'must have no fragment');
  if (scope !== undefined && !scopes.test(scope)) {
    refuse(
      '/scope',
      'wrong_format',
      'must be scopes separated by one space, in printable ASCII without quotes',
    );
  }
  if (expiredWhen !== undefined) {
    const parsed = parseCondition(expiredWhen);
    if (!parsed.ok) refuse('/expiredWhen', 'wrong_format', parsed.message);
  }
  checkText('/audience', audience, refuse);
  if (entered.type === 'oauth2_client_credentials') checkText('/clientId', entered.clientId, refuse);
  else {
    checkText('/issuer', entered.issuer, refuse);
    checkText('/subject', entered.subject, refuse);
    checkText('/keyId', entered.keyId ?? '', refuse);
  }
}

/** Whether an assertion can be signed with this key. */
export function checkAssertionKey(algorithm: 'RS256' | 'ES256', pem: string, refuse: Refuse): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = readKey(pem);
  const fits =
    algorithm === 'RS256'
      ? asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
      : asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1';
  if (fits) return;
  const right = algorithm === 'RS256' ? 'an RSA key of at least 2048 bits' : 'a key on the curve P-256';
  refuse('/privateKey', 'wrong_format', `must be ${right} in PEM, without a passphrase, for ${algorithm}`);
}

/** Where the secret that buys tokens is sent; undefined for what is no URL. */
export function tokenOriginOf(credential: object): string | undefined {
  const { tokenUrl } = credential as { tokenUrl?: string };
  return tokenUrl === undefined ? undefined : URL.parse(tokenUrl)?.origin;
}

function readKey(pem: string): Partial<ReturnType<typeof createPrivateKey>> {
  try {
    return createPrivateKey(pem);
  } catch {
    return {};
  }
}
