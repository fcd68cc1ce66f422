import { ServiceError } from '#contracts/errors';
import type { CredentialEdit } from '#contracts/vault.contract';
import type { Problem } from '#toolcall/problem';
import { describe, expect, it } from '@jest/globals';
import { readForm, type StoredSecrets } from './credential-form.js';

const origins = ['https://api.example.com'];
const common = { name: 'CRM', origins };
const keep = { keep: true } as const;

function problemsOf(form: CredentialEdit, stored?: StoredSecrets): Problem[] {
  try {
    readForm(form, stored);
    return [];
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    expect(error.code).toBe('invalid_request');
    return (error.details as { problems: Problem[] }).problems;
  }
}

function pointersOf(form: CredentialEdit, stored?: StoredSecrets): string[] {
  return problemsOf(form, stored).map((problem) => problem.pointer);
}

const header = (name: string, value: string | typeof keep = 'x'): CredentialEdit => ({
  ...common,
  type: 'headers',
  headers: [{ name, value }],
});

describe('a credential as entered', () => {
  it.each<CredentialEdit>([
    { ...common, type: 'none' },
    { ...common, type: 'bearer', token: 'sk_live_1' },
    { ...common, type: 'basic', username: 'jürgen', password: 'pässwörd: 🔑' },
    { ...common, type: 'api_key', in: 'header', parameter: 'X-API-Key', value: 'k\t~ k' },
    { ...common, type: 'api_key', in: 'query', parameter: 'key', value: 'ключ' },
    { ...common, type: 'api_key', in: 'body', parameter: 'auth.key', value: 'ключ' },
    { ...common, type: 'headers', headers: [{ name: 'Authorization', value: 'Token x' }] },
  ])('is taken as it is: $type', (form) => {
    expect(readForm(form)).toEqual(form);
  });

  it.each(['Bearer abc', 'bearer   abc', ' BEARER\tabc ', 'abc', ' abc\n'])(
    'loses the word Bearer and the space around it, pasted with the token: %j',
    (token) => {
      expect(readForm({ ...common, type: 'bearer', token })).toMatchObject({ token: 'abc' });
    },
  );

  it.each(['Bearer', 'bearer ', '  '])('is refused when nothing else was pasted: %j', (token) => {
    expect(pointersOf({ ...common, type: 'bearer', token })).toEqual(['/credential/token']);
  });

  it('has its origins canonical, sorted, each once', () => {
    const entered = ['https://b.example', 'https://A.example:443/', 'http://b.example', 'https://a.example'];

    expect(readForm({ type: 'none', name: ' CRM ', origins: entered })).toEqual({
      type: 'none',
      name: 'CRM',
      origins: ['http://b.example', 'https://a.example', 'https://b.example'],
    });
  });

  it('is refused with every problem at once, each with its pointer, none with a value', () => {
    const problems = problemsOf({
      name: ' ',
      origins: ['https://fine.example', 'https://canary1@x.example', 'canary2'],
      type: 'headers',
      headers: [
        { name: 'X-Key', value: 'canary3\r\nX-Evil: 1' },
        { name: 'x-key', value: 'canary4 ü' },
        { name: 'Host', value: 'canary5' },
      ],
    });

    expect(problems.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/credential/name', 'required'],
      ['/credential/origins/1', 'wrong_format'],
      ['/credential/origins/2', 'wrong_format'],
      ['/credential/headers/1/name', 'duplicate'],
      ['/credential/headers/2/name', 'not_allowed'],
      ['/credential/headers/0/value', 'wrong_format'],
      ['/credential/headers/1/value', 'wrong_format'],
    ]);
    expect(JSON.stringify(problems)).not.toMatch(/canary|evil/i);
  });

  it.each(['\r', '\n', '\0', '\u007f', 'é', '🔑', '\u0085'])(
    'is refused with %j in a secret that goes in a header',
    (character) => {
      const secret = `a${character}b`;
      const parameter = 'X-Key';
      expect(pointersOf({ ...common, type: 'bearer', token: secret })).toEqual(['/credential/token']);
      expect(pointersOf(header('X-Key', secret))).toEqual(['/credential/headers/0/value']);
      expect(pointersOf({ ...common, type: 'api_key', in: 'header', parameter, value: secret })).toEqual([
        '/credential/value',
      ]);
    },
  );

  it.each(['\n', '\0', '\u0085', '\ud800'])('is refused with %j in any text', (character) => {
    const text = `a${character}b`;
    expect(pointersOf({ type: 'none', origins, name: text })).toEqual(['/credential/name']);
    expect(pointersOf({ ...common, type: 'basic', username: text, password: text })).toEqual([
      '/credential/username',
      '/credential/password',
    ]);
    expect(pointersOf({ ...common, type: 'api_key', in: 'body', parameter: text, value: text })).toEqual([
      '/credential/parameter',
      '/credential/value',
    ]);
  });

  it('is refused with a colon in its user name', () => {
    expect(pointersOf({ ...common, type: 'basic', username: 'a:b', password: 'x' })).toEqual([
      '/credential/username',
    ]);
  });

  it.each([
    ...['Host', 'content-length', 'Transfer-Encoding', 'connection', 'TE', 'trailer', 'Upgrade', 'Expect'],
    ...['Proxy-Authorization', 'traceparent', 'tracestate', 'baggage', 'Forwarded', 'X-Forwarded-For'],
    ...['X-Patchbay-Call-ID', 'X-Allison-Call-ID', 'Keep-Alive'],
  ])('is refused when it sets the header %s', (name) => {
    expect(pointersOf(header(name))).toEqual(['/credential/headers/0/name']);
    expect(pointersOf({ ...common, type: 'api_key', in: 'header', parameter: name, value: 'x' })).toEqual([
      '/credential/parameter',
    ]);
  });

  it.each<[string, 'header' | 'query' | 'body']>([
    ['no header name', 'header'],
    ['', 'header'],
    ['x:y', 'header'],
    ['__proto__', 'body'],
  ])('is refused with the parameter "%s" in the %s', (parameter, place) => {
    expect(pointersOf({ ...common, type: 'api_key', in: place, parameter, value: 'x' })).toEqual([
      '/credential/parameter',
    ]);
  });

  it('allows in query and body what is forbidden in a header', () => {
    for (const place of ['query', 'body'] as const) {
      expect(pointersOf({ ...common, type: 'api_key', in: place, parameter: 'host', value: 'é' })).toEqual(
        [],
      );
    }
  });
});

describe('an edit that keeps a secret', () => {
  const storing = (secrets: Record<string, string>): StoredSecrets => ({
    origins: ['https://a.example', 'https://b.example'],
    endpoints: [],
    secretOf: (fieldId) => secrets[fieldId],
  });
  const bearer = (at: string[]): CredentialEdit => ({ type: 'bearer', name: 'x', origins: at, token: keep });

  it('takes the stored one', () => {
    expect(readForm(bearer(['https://a.example']), storing({ token: 'abc' }))).toMatchObject({
      token: 'abc',
    });
  });

  it('finds a header by its name, wherever it stood and however it was spelled', () => {
    const edit: CredentialEdit = {
      type: 'headers',
      name: 'x',
      origins: [],
      headers: [
        { name: 'X-New', value: 'new' },
        { name: 'x-OLD', value: keep },
      ],
    };

    expect(readForm(edit, storing({ 'header:x-old': 'abc' }))).toMatchObject({
      headers: [
        { name: 'X-New', value: 'new' },
        { name: 'x-OLD', value: 'abc' },
      ],
    });
  });

  it.each<[string, CredentialEdit, string]>([
    ['another type', bearer([]), '/credential/token'],
    ['another header', { ...header('X-Other', keep), origins: [] }, '/credential/headers/0/value'],
  ])('is refused where only %s is stored', (_what, edit, pointer) => {
    expect(problemsOf(edit, storing({ password: 'abc', 'header:x-old': 'abc' }))).toEqual([
      { pointer, code: 'nothing_to_keep', message: expect.stringContaining('must be entered') },
    ]);
  });

  it('may give up origins', () => {
    expect(pointersOf(bearer([]), storing({ token: 'abc' }))).toEqual([]);
  });

  it.each([
    'https://evil.example',
    'http://a.example',
    'https://a.example:8443',
    'https://a.example.evil.example',
  ])('is asked for it again before it goes to %s', (origin) => {
    const problems = problemsOf(bearer(['https://a.example', origin]), storing({ token: 'canary' }));

    expect(problems).toEqual([
      {
        pointer: '/credential/token',
        code: 'secret_required',
        message: `must be entered again, because it was not entered for ${origin}`,
      },
    ]);
  });

  it('may name new origins when every secret is entered anew', () => {
    const edit: CredentialEdit = { ...header('X-Key', 'new'), origins: ['https://c.example'] };

    expect(pointersOf(edit, storing({ 'header:x-key': 'old' }))).toEqual([]);
  });

  it('checks the kept secret for its new place', () => {
    const edit: CredentialEdit = {
      ...common,
      origins: [],
      type: 'api_key',
      in: 'header',
      parameter: 'X-Key',
      value: keep,
    };

    expect(pointersOf(edit, storing({ value: 'ключ' }))).toEqual(['/credential/value']);
  });
});
