import type { AuthorizationCode, TokenCredential, Typed } from '#contracts/credential-types.contract';
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
  checkEndpoint('/tokenUrl', tokenUrl, checkUrl, refuse);
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
  checkText('/issuer', ('issuer' in entered ? entered.issuer : undefined) ?? '', refuse);
  if (entered.type === 'oauth2_jwt_bearer') {
    checkText('/subject', entered.subject, refuse);
    checkText('/keyId', entered.keyId ?? '', refuse);
  } else checkText('/clientId', entered.clientId, refuse);
  if (entered.type === 'oauth2_authorization_code') checkAuthorization(entered, checkUrl, refuse);
}

/** What the request for authorization says anyway, or what would change who is answered, and how. */
const OURS = new Set([
  ...['response_type', 'response_mode', 'client_id', 'client_secret', 'redirect_uri', 'scope', 'audience'],
  ...['state', 'code_challenge', 'code_challenge_method', 'request', 'request_uri'],
]);

function checkAuthorization(
  { authorizationUrl, authorizationParameters = [], revocationUrl, ...entered }: AuthorizationCode<unknown>,
  checkUrl: CheckUrl,
  refuse: Refuse,
): void {
  checkEndpoint('/authorizationUrl', authorizationUrl, checkUrl, refuse);
  if (revocationUrl !== undefined) checkEndpoint('/revocationUrl', revocationUrl, checkUrl, refuse);
  const seen = new Set(URL.parse(authorizationUrl)?.searchParams.keys());
  for (const name of seen) {
    if (OURS.has(name)) refuse('/authorizationUrl', 'not_allowed', `must not say \`${name}\`: we do`);
  }
  for (const [index, { name, value }] of authorizationParameters.entries()) {
    const pointer = `/authorizationParameters/${index}`;
    if (OURS.has(name)) refuse(`${pointer}/name`, 'not_allowed', `must not be \`${name}\`: we say it`);
    else if (seen.has(name)) refuse(`${pointer}/name`, 'duplicate', 'is there already');
    seen.add(name);
    checkText(`${pointer}/value`, value, refuse);
  }
  if (entered.clientAuth !== undefined && entered.clientSecret === undefined) {
    refuse('/clientAuth', 'not_allowed', 'must be absent where there is no clientSecret to show');
  }
}

function checkEndpoint(pointer: string, url: string, checkUrl: CheckUrl, refuse: Refuse): void {
  const why = checkUrl(url);
  if (why !== undefined) refuse(pointer, 'not_allowed', why);
  else if (url.includes('#')) refuse(pointer, 'not_allowed', 'must have no fragment');
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

/** Where the vault itself sends the secrets of a credential, and what it has obtained by them. */
export function endpointOriginsOf(credential: Typed<unknown>): string[] {
  const { tokenUrl, revocationUrl } = credential as { tokenUrl?: string; revocationUrl?: string };
  const origins = [tokenUrl, revocationUrl].map((url) =>
    url === undefined ? undefined : URL.parse(url)?.origin,
  );
  return origins.filter((origin) => origin !== undefined);
}

/**
 * Whether what people have agreed to still stands after an edit: it was for this client of this server, for these scopes,
 * and to be used at these origins. Only a new secret of the client, another name or other parameters leave it as it is.
 */
export function isSameAgreement(
  before: Typed<unknown> & { origins: readonly string[] },
  after: Typed<unknown> & { origins: readonly string[] },
): boolean {
  if (before.type !== 'oauth2_authorization_code' || after.type !== before.type) return false;
  const isSame = AGREED.every((field) => before[field] === after[field]);
  return isSame && after.origins.every((origin) => before.origins.includes(origin));
}

const AGREED = [
  'authorizationUrl',
  'tokenUrl',
  'revocationUrl',
  'issuer',
  'clientId',
  'scope',
  'audience',
  'connectedBy',
] as const;

function readKey(pem: string): Partial<ReturnType<typeof createPrivateKey>> {
  try {
    return createPrivateKey(pem);
  } catch {
    return {};
  }
}
