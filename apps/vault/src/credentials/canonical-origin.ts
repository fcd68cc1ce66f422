import { parseCanonicalUrl } from '#egress/canonical-url';

export type CanonicalOrigin =
  { readonly ok: true; readonly origin: string } | { readonly ok: false; readonly message: string };

const EXAMPLE = 'such as https://api.example.com or https://api.example.com:8443';
const originOnly = /^https?:\/\/[^/?#]+\/?$/i;
const oneHost = /^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])$/;

/**
 * The one spelling of an origin: scheme, host, and the port unless it is the scheme's own. Plain http is an origin
 * too; whether it may be called is the operator's egress policy. A refusal never quotes what was entered.
 */
export function canonicalOrigin(text: string): CanonicalOrigin {
  if (!originOnly.test(text)) {
    return { ok: false, message: `must be scheme, host and port alone, ${EXAMPLE}` };
  }
  const parsed = parseCanonicalUrl(text);
  if (!parsed.ok) return { ok: false, message: parsed.message };
  if (!oneHost.test(parsed.url.hostname)) {
    return { ok: false, message: `must name one host, ${EXAMPLE}; there are no wildcards` };
  }
  return { ok: true, origin: parsed.url.origin };
}
