/** Why a text is not a URL that can be judged. */
export type UrlProblem = 'malformed_url' | 'scheme_not_allowed' | 'userinfo' | 'host_not_canonical';

export type CanonicalUrl =
  | { readonly ok: true; readonly url: URL }
  | { readonly ok: false; readonly reason: UrlProblem; readonly message: string };

/** In characters. */
export const LONGEST_URL = 16_384;

// Controls, every white space, backslash: the WHATWG parser would drop or rewrite them, so `http://12\n7.0.0.1` is a loopback.
const rewritten = /[\u0000-\u0020\u007f-\u009f\s\\]/u;
const shape = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?/i;
/** Also leaves out what WHATWG allows and DNS does not: wildcards, empty labels, a trailing dot. */
const plainHost = /^(?:\[[0-9a-f:]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)$/;
const ascii = /^[\x21-\x7e]+$/; // before lower-casing, which turns a Kelvin sign into a k
const defaultPort: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * Parses an http or https URL whose authority has one reading: what is written is what would be connected to. The
 * host must be spelled the way the WHATWG parser spells it, which leaves out `127.1`, `0x7f000001`, `①②⑦.⓪.⓪.①`,
 * `loc%61lhost` and a trailing dot; upper case is tolerated. Path and query are taken as the parser makes them.
 */
export function parseCanonicalUrl(text: string): CanonicalUrl {
  if (text.length > LONGEST_URL) return malformed(`The URL is longer than ${LONGEST_URL} characters.`);
  if (rewritten.test(text)) return malformed('Encode white space, controls and backslashes in the URL.');
  const [, scheme, authority] = shape.exec(text) ?? [];
  if (scheme === undefined) return malformed('Write a whole URL, such as https://api.example.com/path.');
  if (!/^https?$/i.test(scheme)) return refuse('scheme_not_allowed', 'Only https URLs are allowed.');
  if (!authority) return malformed('The URL has no host: write https://api.example.com/path.');
  if (authority.includes('@')) return refuse('userinfo', 'Use a credential, not a user name in the URL.');
  const url = URL.parse(text);
  if (!url) return malformed('The host or port of the URL is not valid.');
  if (isSpelledLike(authority, url)) return { ok: true, url };
  return refuse(
    'host_not_canonical',
    'Write the host in plain ASCII (xn--… for others), the port without zeros.',
  );
}

function isSpelledLike(authority: string, { protocol, host, hostname }: URL): boolean {
  if (!plainHost.test(hostname) || !ascii.test(authority)) return false;
  const written = authority.toLowerCase();
  return written === host || written === `${host}:${defaultPort[protocol] ?? ''}`;
}

function refuse(reason: UrlProblem, message: string): CanonicalUrl {
  return { ok: false, reason, message };
}

function malformed(message: string): CanonicalUrl {
  return refuse('malformed_url', message);
}
