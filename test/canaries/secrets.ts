import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';

/** A secret to look for. Parts of it that give it away are looked for too. */
export interface Canary {
  readonly name: string;
  readonly forms: readonly Buffer[];
}

/**
 * In headers, queries, JSON, forms and shells some of these are written differently, and base64 of `???` at this place has
 * a slash: so every encoding differs.
 */
const ODD = '???/+"\\%&<~!';

/** A secret of text, random per run, so that nothing found is there by chance. */
export function plant(): string {
  return `sk-${randomBytes(12).toString('hex')}${ODD}${randomBytes(6).toString('hex')}`;
}

/** Text is looked for whole, and by its longest part without odd characters: escaped twice it is still a leak. */
export function textCanary(name: string, text: string): Canary {
  const plain = text.split(/[^A-Za-z0-9]+/).sort((a, b) => b.length - a.length)[0] ?? '';
  return { name, forms: [Buffer.from(text), ...(plain.length >= 16 ? [Buffer.from(plain)] : [])] };
}

/** A key of bytes that is kept as base64. */
export function keyCanary(name: string, base64: string): Canary {
  return { name, forms: [Buffer.from(base64, 'base64'), Buffer.from(base64)] };
}

/** A private key: any line of its PEM, and the private number itself. */
export function privateKeyCanary(name: string, pem: string, passphrase?: string): Canary {
  const jwk = createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) }).export({
    format: 'jwk',
  });
  const lines = pem.split('\n').filter((line) => /^[A-Za-z0-9+/]{60,}$/.test(line));
  // The first two lines of a PEM may be the same for all keys of its kind.
  return {
    name,
    forms: [Buffer.from(jwk.d ?? '', 'base64url'), ...lines.slice(-2).map((line) => Buffer.from(line))],
  };
}

/** PEM of a new key, for ES256. */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}
