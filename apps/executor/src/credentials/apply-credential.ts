import type { CredentialSecret } from '#contracts/vault.contract';
import { ClientCertificate } from '#egress/client-certificate';
import type { RenderedRequest } from '#toolcall/compile-request';
import { Secret } from '#toolcall/secret';
import { secretParts } from '#toolcall/secret-parts';
import { awsSigner } from './signing/aws-signer.js';
import { hmacSigner } from './signing/hmac-signer.js';
import type { RequestSigner } from './signing/request-signer.js';

/** Where a secret goes in a request; the secret itself cannot be printed. */
export type Placement =
  | {
      readonly in: 'header';
      readonly name: string;
      readonly scheme?: 'Bearer' | 'Basic';
      readonly value: Secret;
    }
  | { readonly in: 'query'; readonly name: string; readonly value: Secret }
  | { readonly in: 'body'; readonly name: string; readonly value: Secret };

export function placementsOf(secret: CredentialSecret): Placement[] {
  switch (secret.type) {
    case 'none':
      return [];
    case 'bearer':
      return [header('Authorization', secret.token, 'Bearer')];
    case 'basic': {
      const pair = Buffer.from(`${secret.username}:${secret.password}`).toString('base64');
      return [header('Authorization', pair, 'Basic')];
    }
    case 'api_key':
      return [{ in: secret.in, name: secret.parameter, value: new Secret(secret.value) }];
    case 'headers':
      return secret.headers.map(({ name, value }) => header(name, value));
    case 'hmac':
    case 'aws_sigv4':
    case 'mtls':
    case 'secret':
    case 'oauth2_client_credentials':
    case 'oauth2_jwt_bearer':
    case 'oauth2_authorization_code': // the vault keeps these, and hands out a bearer token
      return []; // what they prove with goes in no place of its own
  }
}

/** What signs the request once all else is in it; undefined where the type signs nothing. */
export function signerOf(secret: CredentialSecret): RequestSigner | undefined {
  if (secret.type === 'hmac') return hmacSigner(secret);
  return secret.type === 'aws_sigv4' ? awsSigner(secret) : undefined;
}

/** What is shown to the server when connecting; undefined where the type has none. */
export function clientCertificateOf(secret: CredentialSecret): ClientCertificate | undefined {
  return secret.type === 'mtls' ? new ClientCertificate(secret) : undefined;
}

/** What is left over for the last line of a key may be so short that it occurs anywhere. */
const LAST_LINE = 12;

/** The values that must never be seen again, as whoever echoes them would print them. */
export function secretValues(secret: CredentialSecret): string[] {
  switch (secret.type) {
    case 'none':
      return [];
    case 'bearer':
      return [secret.token];
    case 'basic':
      return [secret.password, Buffer.from(`${secret.username}:${secret.password}`).toString('base64')];
    case 'api_key':
      return secretParts(secret.value);
    case 'headers':
      return secret.headers.flatMap(({ value }) => secretParts(value));
    case 'hmac':
      return [secret.secret, secret.secret.replace(/^whsec_/, '')];
    case 'aws_sigv4':
      return [secret.secretAccessKey, ...(secret.sessionToken === undefined ? [] : [secret.sessionToken])];
    case 'mtls':
      return [
        ...secret.privateKey
          .split(/\s*\n/)
          .filter((line) => line.length > LAST_LINE && !line.startsWith('-----')),
        ...(secret.passphrase === undefined ? [] : [secret.passphrase]),
      ];
    case 'secret':
      return Object.values(secret.values).flatMap(secretParts);
    case 'oauth2_client_credentials':
    case 'oauth2_jwt_bearer':
    case 'oauth2_authorization_code':
      return [];
  }
}

export type Applied =
  { readonly ok: true; readonly request: RenderedRequest } | { readonly ok: false; readonly message: string };

/** The vault refuses such a value for a header; one that gets here all the same could end its line and begin another. */
const controlCharacter = /\p{Cc}/u;

/** The request with the credential in it. What the tool itself has put under the same name gives way. */
export function applyCredential(request: RenderedRequest, placements: readonly Placement[]): Applied {
  let { headers, query, body } = request;
  for (const placement of placements) {
    const { name } = placement;
    const value = placement.value.reveal();
    if (placement.in === 'header') {
      const lower = name.toLowerCase();
      if (controlCharacter.test(value)) {
        return { ok: false, message: `Its value for the header \`${name}\` holds a control character` };
      }
      const text = placement.scheme ? `${placement.scheme} ${value}` : value;
      headers = [...headers.filter(([other]) => other.toLowerCase() !== lower), [name, text]];
    } else if (placement.in === 'query') {
      query = [...query.filter(([other]) => other !== name), [name, value]];
    } else if (body === undefined && request.method !== 'GET') {
      body = { type: 'json', value: { [name]: value } };
    } else if (body?.type === 'form') {
      body = { type: 'form', pairs: [...body.pairs.filter(([other]) => other !== name), [name, value]] };
    } else if (body?.type === 'multipart') {
      const others = body.fields.filter((field) => field.name !== name);
      body = { type: 'multipart', fields: [...others, { name, value }] };
    } else if (body?.type === 'json' && isObject(body.value)) {
      body = { type: 'json', value: { ...body.value, [name]: value } };
    } else {
      return {
        ok: false,
        message: 'The credential goes into the body, and this request has none it could go into',
      };
    }
  }
  return { ok: true, request: { ...request, headers, query, body } };
}

function header(name: string, value: string, scheme?: 'Bearer' | 'Basic'): Placement {
  return { in: 'header', name, value: new Secret(value), ...(scheme && { scheme }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
