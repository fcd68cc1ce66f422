import type { HmacSignature, Typed } from '#contracts/credential-types.contract';
import { fillSigningTemplate, parseSigningTemplate, type SigningPiece } from '#toolcall/signing-template';
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { WireRequest } from '../../upstream/wire-request.js';
import { withHeaders, type RequestSigner } from './request-signer.js';

type Hmac = Extract<Typed<string>, { type: 'hmac' }>;

/** The signer of an `hmac` credential that the vault has checked. */
export function hmacSigner({ secret, signature }: Hmac): RequestSigner {
  return signature ? customSigner(secret, signature) : standardWebhooksSigner(secret);
}

/** As standardwebhooks.com has it: an id that stays the same however often the message is sent. */
function standardWebhooksSigner(secret: string): RequestSigner {
  const key = keyOf(secret.replace(/^whsec_/, ''), 'base64');
  return {
    headers: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
    sign(request, { now, executionId }) {
      const id = `msg_${executionId}`;
      const timestamp = timestampOf(now, 'unix');
      const signature = createHmac('sha256', key)
        .update(`${id}.${timestamp}.${request.body ?? ''}`)
        .digest('base64');
      return withHeaders(request, [
        ['webhook-id', id],
        ['webhook-timestamp', timestamp],
        ['webhook-signature', `v1,${signature}`],
      ]);
    },
  };
}

function customSigner(secret: string, settings: HmacSignature): RequestSigner {
  const { algorithm, encoding, header, timestampHeader, timestampFormat = 'unix' } = settings;
  const key = keyOf(secret, settings.keyEncoding ?? 'utf8');
  const template = piecesOf(settings.template);
  const prefix = piecesOf(settings.prefix ?? '');
  return {
    headers: timestampHeader === undefined ? [header] : [timestampHeader, header],
    sign(request, { now }) {
      const parts = partsOf(request, timestampOf(now, timestampFormat));
      const signature = createHmac(algorithm, key)
        .update(fillSigningTemplate(template, parts))
        .digest(encoding);
      const value = `${fillSigningTemplate(prefix, parts)}${signature}`;
      return withHeaders(request, [
        ...(timestampHeader === undefined ? [] : [[timestampHeader, parts.timestamp] as const]),
        [header, value],
      ]);
    },
  };
}

/** Path and query as they stand in the URL that is sent: nothing is decoded or sorted. */
function partsOf({ method, url, body = '' }: WireRequest, timestamp: string) {
  const afterOrigin = url.slice(url.indexOf('/', url.indexOf('//') + 2));
  const mark = afterOrigin.indexOf('?');
  const [path, query] =
    mark < 0 ? [afterOrigin, ''] : [afterOrigin.slice(0, mark), afterOrigin.slice(mark + 1)];
  return { method, path, query, body, timestamp };
}

function piecesOf(template: string): readonly SigningPiece[] {
  const parsed = parseSigningTemplate(template);
  if (!parsed.ok) throw new Error(`A signing template ${parsed.message}`);
  return parsed.pieces;
}

function keyOf(secret: string, encoding: 'utf8' | 'hex' | 'base64'): KeyObject {
  return createSecretKey(Buffer.from(secret, encoding));
}

function timestampOf(now: Date, format: 'unix' | 'unix_ms' | 'iso8601'): string {
  if (format === 'iso8601') return now.toISOString();
  return String(format === 'unix' ? Math.floor(now.getTime() / 1000) : now.getTime());
}
