import { describe, expect, it } from '@jest/globals';
import { secretParts } from './secret-parts.js';

const login = Buffer.from('ada:pass:word').toString('base64');

describe('what is secret in the value of a header', () => {
  it.each<[string, string[]]>([
    ['abc123', ['abc123']],
    ['Token abc123', ['Token abc123', 'abc123']],
    [`Basic ${login}`, [`Basic ${login}`, login, 'pass:word']],
    ['theme=dark; session=0123456789ab', ['theme=dark; session=0123456789ab', '0123456789ab']],
    ['Basic ????', ['Basic ????', '????']],
  ])('%j is %j', (value, parts) => {
    expect(secretParts(value)).toEqual(parts);
  });
});
