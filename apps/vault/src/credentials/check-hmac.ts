import type { Typed } from '#contracts/credential-types.contract';
import { names, parseSigningTemplate } from '#toolcall/signing-template';
import { checkHeaderName, checkText, type Refuse } from './form-checks.js';

type Hmac = Extract<Typed<unknown>, { type: 'hmac' }>;

const STANDARD_KEY_BYTES = { least: 24, most: 64 };

/** Everything about a request signature but its secret. */
export function checkSignature({ scheme, signature }: Hmac, refuse: Refuse): void {
  if (scheme === 'standard_webhooks') {
    if (signature) refuse('/signature', 'not_allowed', 'must be absent: Standard Webhooks fixes all of it');
    return;
  }
  if (!signature) {
    refuse('/signature', 'required', 'must say what is signed, how, and in which header it goes');
    return;
  }
  const { header, prefix = '', template, timestampHeader } = signature;
  checkHeaderName('/signature/header', header, refuse);
  checkText('/signature/prefix', prefix, refuse);
  if (timestampHeader !== undefined) checkHeaderName('/signature/timestampHeader', timestampHeader, refuse);
  if (timestampHeader?.toLowerCase() === header.toLowerCase()) {
    refuse('/signature/timestampHeader', 'duplicate', 'must be another header than that of the signature');
  }
  const before = parseSigningTemplate(prefix);
  if (!before.ok || before.pieces.some((piece) => 'part' in piece && piece.part !== 'timestamp')) {
    refuse('/signature/prefix', 'not_allowed', 'must be printable text; only {{timestamp}} may stand in it');
  } else if (!/^[\x20-\x7e]*$/.test(prefix)) {
    refuse('/signature/prefix', 'wrong_format', 'must be printable ASCII: it goes in a header');
  }
  const signed = parseSigningTemplate(template);
  if (!signed.ok) {
    refuse('/signature/template', 'not_allowed', signed.message);
    return;
  }
  if (!template.isWellFormed() || /[^\P{Cc}\n\r\t]/u.test(template)) {
    refuse(
      '/signature/template',
      'wrong_format',
      'must be text; of control characters only line breaks and tabs',
    );
  }
  if (!signed.pieces.some((piece) => 'part' in piece)) {
    refuse('/signature/template', 'not_allowed', 'must sign something of the request, such as {{body}}');
  }
  const tellsTime = timestampHeader !== undefined || (before.ok && names(before.pieces, 'timestamp'));
  if (names(signed.pieces, 'timestamp') && !tellsTime) {
    const where = 'timestampHeader, or {{timestamp}} in prefix';
    refuse(
      '/signature/timestampHeader',
      'required',
      `must be there, since {{timestamp}} is signed: ${where}`,
    );
  }
}

/** The secret as a key. */
export function checkHmacKey(
  { scheme, signature }: Hmac,
  secret: string,
  pointer: string,
  refuse: Refuse,
): void {
  if (scheme === 'standard_webhooks') {
    const { least, most } = STANDARD_KEY_BYTES;
    const bytes = secret.startsWith('whsec_') ? base64Bytes(secret.slice(6)) : undefined;
    if (bytes === undefined || bytes < least || bytes > most) {
      refuse(pointer, 'wrong_format', `must be \`whsec_\` and ${least} to ${most} bytes in base64`);
    }
    return;
  }
  switch (signature?.keyEncoding ?? 'utf8') {
    case 'hex':
      if (!/^(?:[0-9a-f]{2})+$/i.test(secret)) refuse(pointer, 'wrong_format', 'must be hexadecimal');
      return;
    case 'base64':
      if (!base64Bytes(secret)) refuse(pointer, 'wrong_format', 'must be base64');
      return;
    case 'utf8':
      checkText(pointer, secret, refuse);
  }
}

/** How many bytes a text in base64 stands for; undefined when it is not base64. */
function base64Bytes(text: string): number | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '') ? bytes.length : undefined;
}
