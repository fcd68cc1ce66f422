import { describe, expect, it } from '@jest/globals';
import { createHmac, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { GrantKey, type GrantTerms } from './credential-grant.js';

const bytes = randomBytes(32);
const key = new GrantKey(bytes);
const terms: GrantTerms = {
  orgId: '0196a1f0-0000-7000-8000-00000000000a',
  toolKey: 'get_order',
  version: 3,
  environment: 'staging',
  credentialIds: ['0196a1f0-0000-7000-8000-00000000000c'],
  secretNames: ['CRM_API_KEY'],
};
const expiresAt = new Date('2026-11-21T08:00:00Z');
const grant = key.sign(terms, expiresAt);

describe('a grant', () => {
  it('says to whoever has the key what the one who signed it said', () => {
    expect(key.read(grant)).toEqual({ ...terms, expiresAt });
  });

  it('spells ids in one way', () => {
    const upper = {
      orgId: terms.orgId.toUpperCase(),
      credentialIds: [terms.credentialIds[0]?.toUpperCase() ?? ''],
    };

    expect(key.sign({ ...terms, ...upper }, expiresAt)).toBe(grant);
  });

  it('says nothing to another key', () => {
    expect(new GrantKey(randomBytes(32)).read(grant)).toBeUndefined();
  });

  it('says nothing once a single character is another, or one is missing', () => {
    for (let at = 0; at < grant.length; at += 1) {
      const other = grant[at] === 'A' ? 'B' : 'A';
      expect(key.read(`${grant.slice(0, at)}${other}${grant.slice(at + 1)}`)).toBeUndefined();
      expect(key.read(`${grant.slice(0, at)}${grant.slice(at + 1)}`)).toBeUndefined();
    }
  });

  it.each([
    ['nothing', ''],
    ['dots', '..'],
    ['a part more', `${grant}.`],
    ['a padded proof', `${grant}=`],
    ['another format', grant.replace('g1', 'g2')],
    ['a proof of another kind of statement', signed('patchbay executor session v1')],
    ['a proof cut short', grant.slice(0, -2)],
  ])('is not %s', (_what, text) => {
    expect(key.read(text)).toBeUndefined();
  });

  it('is proven by a plain HMAC over its name and payload, which the specs above rely on', () => {
    expect(signed('patchbay credential grant g1')).toBe(grant);
  });

  it('keeps its key to itself', () => {
    expect(inspect(key, { depth: 9, showHidden: true })).not.toContain(bytes.toString('hex').slice(0, 8));
    expect(JSON.stringify(key)).toBe('{}');
  });
});

function signed(purpose: string): string {
  const payload = grant.split('.')[1] ?? '';
  const proof = createHmac('sha256', bytes).update(`${purpose}\0${payload}`).digest('base64url');
  return `g1.${payload}.${proof}`;
}
