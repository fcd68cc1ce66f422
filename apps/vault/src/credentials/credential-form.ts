import { invalidRequest } from '#contracts/validate';
import type { CredentialEdit, CredentialInput } from '#contracts/vault.contract';
import type { Problem } from '#toolcall/problem';
import { canonicalOrigin } from './canonical-origin.js';
import { checkHmacKey, checkSignature } from './check-hmac.js';
import { checkAssertionKey, checkTokenFields, endpointOriginsOf, type CheckUrl } from './check-oauth.js';
import { checkClientCertificate } from './client-certificate.js';
import { isTokenCredential, mapSecrets, type SecretField, type Typed } from './credential-fields.js';
import { checkHeaderName, checkText, type Refuse } from './form-checks.js';

/** What an edit may keep from. */
export interface StoredSecrets {
  readonly origins: readonly string[];
  /** Of the token endpoint, and others like it, that the secrets were entered for. */
  readonly endpoints: readonly string[];
  /** The stored secret of a field in clear; undefined when there is none. */
  secretOf(fieldId: string): string | undefined;
}

const FORM = '/credential';
const headerValue = /^[\t\x20-\x7e]+$/;
const headerTypes: ReadonlySet<string> = new Set(['bearer', 'headers', 'aws_sigv4']);
const pastedPrefix = /^\s*bearer(\s+|$)/i;

/**
 * What was entered, checked and in its normal form, every `keep` replaced by what is stored.
 * @throws ServiceError `invalid_request` with every problem; none quotes a secret
 */
export function readForm(
  entered: CredentialEdit,
  stored?: StoredSecrets,
  checkUrl: CheckUrl = () => undefined,
): CredentialInput {
  const problems: Problem[] = [];
  const refuse: Refuse = (pointer, code, message) =>
    problems.push({ pointer: `${FORM}${pointer}`, code, message });

  const name = entered.name.trim();
  if (name === '') refuse('/name', 'required', 'must say what the credential is for');
  checkText('/name', name, refuse);
  const origins = readOrigins(entered.origins, refuse);
  checkPlacement(entered, refuse);
  if (entered.type === 'mtls') checkAllTls(origins, refuse);
  if (isTokenCredential(entered)) checkTokenFields(entered, checkUrl, refuse);
  const destinations = { origins, endpoints: endpointOriginsOf(entered) };
  const fields = mapSecrets(entered, (secret, field) => {
    const value = typeof secret === 'string' ? secret : keep(field, destinations, stored, refuse);
    return value === undefined ? '' : readSecret(value, entered, field, refuse);
  });

  if (problems.length === 0 && fields.type === 'mtls') checkClientCertificate(fields, refuse);
  if (problems.length === 0 && fields.type === 'oauth2_jwt_bearer') {
    checkAssertionKey(fields.algorithm, fields.privateKey, refuse);
  }
  if (problems.length > 0) throw invalidRequest(problems);
  return { name, origins, ...fields };
}

function readOrigins(entered: readonly string[], refuse: Refuse): string[] {
  const origins = entered.map((text, index) => {
    const canonical = canonicalOrigin(text);
    if (canonical.ok) return canonical.origin;
    refuse(`/origins/${index}`, 'wrong_format', canonical.message);
    return undefined;
  });
  return [...new Set(origins.filter((origin) => origin !== undefined))].sort();
}

/** Everything about a credential's use that is not secret. */
function checkPlacement(entered: Typed<unknown>, refuse: Refuse): void {
  switch (entered.type) {
    case 'none':
    case 'bearer':
      return;
    case 'basic':
      checkText('/username', entered.username, refuse);
      if (entered.username.includes(':')) {
        refuse('/username', 'not_allowed', 'must not hold a colon, which ends the user name (RFC 7617)');
      }
      return;
    case 'api_key':
      if (entered.in === 'header') checkHeaderName('/parameter', entered.parameter, refuse);
      else checkParameter(entered.parameter, refuse);
      return;
    case 'headers':
      checkHeaderNames(entered.headers, refuse);
      return;
    case 'hmac':
      checkSignature(entered, refuse);
      return;
    case 'aws_sigv4':
    case 'mtls':
    case 'secret':
    case 'oauth2_client_credentials':
    case 'oauth2_jwt_bearer':
    case 'oauth2_authorization_code':
  }
}

function checkAllTls(origins: readonly string[], refuse: Refuse): void {
  for (const origin of origins) {
    if (origin.startsWith('https:')) continue;
    refuse('/origins', 'not_allowed', `must be https, where a certificate can be shown; ${origin} is not`);
  }
}

function checkParameter(parameter: string, refuse: Refuse): void {
  checkText('/parameter', parameter, refuse);
  if (parameter === '__proto__') refuse('/parameter', 'not_allowed', 'must not be a reserved name');
}

function checkHeaderNames(headers: readonly { readonly name: string }[], refuse: Refuse): void {
  const seen = new Set<string>();
  for (const [index, { name }] of headers.entries()) {
    const pointer = `/headers/${index}/name`;
    checkHeaderName(pointer, name, refuse);
    if (seen.has(name.toLowerCase())) {
      refuse(pointer, 'duplicate', 'is there already; upper and lower case are the same');
    }
    seen.add(name.toLowerCase());
  }
}

/** The secret as it will be sent. A kept one is checked too: it may have been entered for another place. */
function readSecret(secret: string, credential: Typed<unknown>, field: SecretField, refuse: Refuse): string {
  const value = credential.type === 'bearer' ? secret.replace(pastedPrefix, '').trim() : secret;
  if (credential.type === 'hmac') checkHmacKey(credential, value, field.pointer, refuse);
  else if (field.id === 'privateKey')
    return value; // has lines, and is read as a whole
  else if (isSentAsHeader(credential)) {
    if (!headerValue.test(value)) {
      refuse(
        field.pointer,
        'wrong_format',
        'must be printable ASCII without line breaks: it goes in a header',
      );
    }
  } else checkText(field.pointer, value, refuse);
  return value;
}

/** Basic credentials are too, but in base64. */
function isSentAsHeader(credential: Typed<unknown>): boolean {
  if (credential.type === 'api_key') return credential.in === 'header';
  return headerTypes.has(credential.type);
}

/** Credentials go where they were entered for: a secret is not kept for an origin that is new to it. */
function keep(
  { id, pointer }: SecretField,
  { origins, endpoints }: { origins: readonly string[]; endpoints: readonly string[] },
  stored: StoredSecrets | undefined,
  refuse: Refuse,
): string | undefined {
  const secret = stored?.secretOf(id);
  if (secret === undefined) {
    refuse(pointer, 'nothing_to_keep', 'must be entered: no value of this field is stored');
    return undefined;
  }
  const added =
    endpoints.find((origin) => !stored?.endpoints.includes(origin)) ??
    origins.find((origin) => !stored?.origins.includes(origin));
  if (added !== undefined) {
    refuse(pointer, 'secret_required', `must be entered again, because it was not entered for ${added}`);
  }
  return secret;
}
