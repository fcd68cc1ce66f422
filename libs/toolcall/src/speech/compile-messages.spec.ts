import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Scope } from '../scope.js';
import type { Messages, OutcomeRule } from '../tool-definition.js';
import { compileMessages } from './compile-messages.js';

const scope = (overrides: Partial<Scope> = {}): Scope => ({
  orgId: 'o',
  executionId: 'e-1',
  facts: { contact: { first_name: 'Ada' }, language: 'en-US', timezone: 'America/New_York' },
  now: new Date('2026-03-01T23:30:00Z'),
  bound: {},
  arguments: { order_id: 'ORD-1' },
  variables: {},
  ...overrides,
});
const inLanguage = (language: string | undefined): Scope => scope({ facts: { language } });
const say = (messages: Messages, from = scope(), succeeded = true) =>
  compileMessages(messages)(from, succeeded);

describe('what a tool says', () => {
  it('is its lines before, meanwhile and after, in the order of time', () => {
    const messages: Messages = {
      start: 'One moment, {{contact.first_name}}',
      delays: [
        { afterMs: 5000, text: 'Still looking for {{order_id}}' },
        { afterMs: 2000, text: 'This takes a little' },
      ],
      complete: 'It is {{status}}',
      failure: 'That did not work',
    };
    const before = {
      start: 'One moment, Ada',
      delays: [
        { afterMs: 2000, text: 'This takes a little' },
        { afterMs: 5000, text: 'Still looking for ORD-1' },
      ],
    };

    expect(say(messages, scope({ variables: { status: 'shipped' } }))).toEqual({
      ...before,
      complete: 'It is shipped',
    });
    expect(say(messages, scope(), false)).toEqual({ ...before, failure: 'That did not work' });
  });

  it('leaves out a line with a hole in it', () => {
    expect(
      say({
        start: 'Hello {{contact.last_name}}',
        delays: [{ afterMs: 100, text: '{{nobody}}' }],
        complete: 'It is {{status}}',
      }),
    ).toEqual({ delays: [] });
    expect(say({ complete: 'It is {{status | default: "on its way"}}' })).toEqual({
      complete: 'It is on its way',
    });
  });

  it('is nothing where the agent speaks naturally, or there is nothing to say', () => {
    expect(say({ speakNaturally: true, start: 'Hello', complete: 'Done' })).toBeUndefined();
    expect(say({})).toBeUndefined();
    expect(compileMessages(undefined)(scope(), true)).toBeUndefined();
  });

  it('is what the rule of its outcome says, before the general line', () => {
    const rules: OutcomeRule[] = [
      { when: '404', outcome: 'none', say: { en: ['No such order'], de: 'Diese Bestellung gibt es nicht' } },
      { when: '409', outcome: 'taken' },
    ];
    const compiled = compileMessages({ complete: 'Done', failure: 'Sorry' }, rules);

    expect(compiled(scope(), false, rules[0])).toEqual({ failure: 'No such order' });
    expect(compiled(inLanguage('de'), true, rules[0])).toEqual({
      complete: 'Diese Bestellung gibt es nicht',
    });
    expect(compiled(scope(), false, rules[1])).toEqual({ failure: 'Sorry' });
  });

  it('has no markup, wherever it came from', () => {
    const variables = { note: '<b>very</b> *late* ‮now' };

    expect(say({ complete: '# It is {{note}}', start: '<break/>' }, scope({ variables }))).toEqual({
      complete: 'It is very late now',
    });
  });

  it('cannot be talked into another template by what the API says', () => {
    const variables = { note: '{{contact.first_name | digits}}' };

    expect(say({ complete: '{{note}}' }, scope({ variables }))).toEqual({
      complete: '{{contact.first_name digits}}',
    });
  });
});

describe('a list of lines', () => {
  const messages: Messages = { complete: ['one', 'two', 'three'] };
  const at = (callId: string | undefined, turn: number | undefined, executionId = 'e') =>
    say(messages, scope({ callId, turn, executionId }))?.complete;

  it('is gone through turn by turn, the same again for the same turn', () => {
    for (const callId of ['a', 'b', '0d7e7b6c-0f49-4f3b-8b1e-000000000001']) {
      const said = [0, 1, 2, 3, 4, 5].map((turn) => at(callId, turn));

      expect(new Set(said.slice(0, 3))).toEqual(new Set(['one', 'two', 'three']));
      expect(said.slice(3)).toEqual(said.slice(0, 3));
      expect([0, 1, 2].map((turn) => at(callId, turn, 'another'))).toEqual(said.slice(0, 3));
    }
  });

  it('begins somewhere else in another call, and outside of one', () => {
    const starts = (count: number, of: (index: number) => string | undefined) =>
      new Set(Array.from({ length: count }, (_, index) => of(index))).size;

    expect(starts(40, (index) => at(`call ${index}`, 0))).toBe(3);
    expect(starts(40, (index) => at(undefined, undefined, `execution ${index}`))).toBe(3);
    expect(starts(40, (index) => at('one call', undefined, `execution ${index}`))).toBe(3);
  });

  it('passes over lines that cannot be said', () => {
    const holes: Messages = { complete: ['{{a}}', '{{b}}', 'whole'] };

    for (const turn of [0, 1, 2])
      expect(say(holes, scope({ callId: 'c', turn }))).toEqual({ complete: 'whole' });
    expect(say({ complete: ['{{a}}'] })).toEqual({});
  });
});

describe('lines by language', () => {
  const by = (languages: string[]) => Object.fromEntries(languages.map((language) => [language, language]));

  it.each<[string | undefined, string[], string]>([
    ['en-GB', ['de', 'en', 'en-GB'], 'en-GB'],
    ['en-gb', ['de', 'en', 'en-GB'], 'en-GB'],
    ['en_GB', ['de', 'en', 'en-GB'], 'en-GB'],
    ['en-GB', ['de', 'en'], 'en'],
    ['en-GB', ['de', 'fr', 'en-US'], 'en-US'],
    ['zh-Hant-TW', ['zh', 'zh-Hant'], 'zh-Hant'],
    ['zh-Hant-TW', ['en', 'zh'], 'zh'],
    ['fr', ['de', 'default', 'en'], 'default'],
    ['fr', ['de', 'en'], 'de'],
    ['d', ['de', 'default'], 'default'],
    [undefined, ['de', 'en'], 'de'],
    ['', ['de', 'default'], 'default'],
    ['not a language!', ['de', 'en'], 'de'],
    ['-', ['de', 'en'], 'de'],
    ['__proto__', ['de', 'en'], 'de'],
  ])('for %s out of %j are those of %s', (language, languages, expected) => {
    expect(say({ complete: by(languages) }, inLanguage(language))).toEqual({ complete: expected });
  });

  it('take turns, each language by itself', () => {
    const messages: Messages = { complete: { en: ['one', 'two'], de: 'eins' } };
    const said = [0, 1].map((turn) => say(messages, scope({ callId: 'c', turn }))?.complete);

    expect(said.sort()).toEqual(['one', 'two']);
    expect(say(messages, inLanguage('de-AT'))).toEqual({ complete: 'eins' });
  });

  it('say numbers the way of the words, where these are not of the call’s language', () => {
    const messages: Messages = { complete: { de: '{{n | number}} Punkte', en: '{{n | number}} points' } };
    const at = (language: string) =>
      say(messages, scope({ facts: { language }, variables: { n: 1_250_000 } }))?.complete;

    expect(at('fr')).toBe('1.250.000 Punkte');
    expect(at('en')).toBe('1,250,000 points');
    expect(at('en-IN')).toBe('12,50,000 points');
  });
});

describe('any language and timezone', () => {
  it('never stop a line from being said', () => {
    const messages: Messages = {
      complete: {
        en: '{{n | money: "USD"}} {{n | number}} {{at | date}} {{at | time}} {{current_date}}',
        default: '{{n | number: 2}} {{at | date: "full"}}',
      },
    };
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.constantFrom(
        'en',
        'xx',
        'de-DE-u-nu-arab',
        'en-US-u-ca-hebrew',
        'x-private',
        'i-klingon',
        'root',
        'Asia/Tokyo',
        'Mars/Olympus',
        '+25:00',
        'UTC\0',
      ),
    );
    fc.assert(
      fc.property(text, text, (language, timezone) => {
        const variables = { n: 12.5, at: '2026-03-01T23:30:00Z' };
        const said = say(messages, scope({ facts: { language, timezone }, variables }));
        expect(said?.complete).toEqual(expect.stringMatching(/\S/));
      }),
      { numRuns: 300 },
    );
  });
});
