/** A header's value, and what is secret in it by itself: `Token abc`, `Basic <user:password>`, `session=abc; theme=dark`. */
export function secretParts(value: string): string[] {
  const [, scheme = '', rest] = /^([A-Za-z]+)\s+(\S+)$/.exec(value) ?? [];
  const inCookies = [...value.matchAll(/=\s*([^;\s=]{12,})/g)].map(([, part = '']) => part);
  const password = /^basic$/i.test(scheme) ? passwordOf(rest ?? '') : undefined;
  const parts = [value, rest, password, ...inCookies];
  return parts.filter((part): part is string => part !== undefined && part !== '');
}

function passwordOf(encoded: string): string | undefined {
  const pair = Buffer.from(encoded, 'base64').toString();
  return /^[^:]*:(.+)$/s.exec(pair)?.[1];
}
