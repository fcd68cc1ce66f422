import { Validator } from '#contracts/validate';
import { strings, toolDefinition, toolInput } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { ToolDefinitionInput, type Messages, type OutcomeRule } from '../tool-definition.js';
import { checkMessages } from './check-messages.js';

const check = (messages: Messages, outcomes: OutcomeRule[] = []) =>
  checkMessages(
    toolDefinition({
      parameters: strings('order_id'),
      bind: { tier: 'gold' },
      callVariables: ['case_id'],
      messages,
      response: { outcomes },
    }),
  );

describe('what a tool says', () => {
  it.each<[string, Messages, string, string]>([
    ['an open placeholder', { start: 'Hello {{contact' }, '/messages/start', '{{name}}'],
    ['a filter nobody knows', { complete: '{{x | shout}}' }, '/messages/complete', '`shout` is not known'],
    [
      'a currency nobody has',
      { failure: ['ok', '{{x | money: "XXXX"}}'] },
      '/messages/failure/1',
      'ISO 4217',
    ],
    [
      'a filter deep within',
      { complete: { en: 'ok', 'de-AT': ['{{x | date: 5}}'] } },
      '/messages/complete/de-AT/0',
      'one of "full"',
    ],
    ['a path that cannot be read', { complete: { en: '{{a..b}}' } }, '/messages/complete/en', 'a..b'],
    [
      'a language that is none',
      { complete: { english: 'ok', 'not one': 'x' } },
      '/messages/complete/not one',
      'must be a language',
    ],
    [
      'a language twice',
      { complete: { 'en-US': 'a', en_us: 'b' } },
      '/messages/complete/en_us',
      'is there already',
    ],
    [
      'an answer before it has come',
      { start: 'It is {{status}}' },
      '/messages/start',
      'not known before the API has answered',
    ],
    [
      'an answer while it is awaited',
      { delays: [{ afterMs: 500, text: '{{status}}' }] },
      '/messages/delays/0/text',
      "Known: this tool's order_id, tier, case_id; always contact",
    ],
    [
      'two lines at once',
      {
        delays: [
          { afterMs: 500, text: 'a' },
          { afterMs: 500, text: 'b' },
        ],
      },
      '/messages/delays/1/afterMs',
      'after 500 ms already',
    ],
  ])('is refused with %s', (_what, messages, pointer, message) => {
    expect(check(messages)).toEqual([
      expect.objectContaining({ pointer, message: expect.stringContaining(message) }),
    ]);
  });

  it.each<[string, object, string, string]>([
    ['a number', { start: 5 }, '/messages/start', 'must be string,array,object'],
    ['an empty line', { start: '' }, '/messages/start', 'fewer than 1 character'],
    ['no line at all', { start: [] }, '/messages/start', 'fewer than 1 item'],
    ['a list of numbers', { start: ['a', 5] }, '/messages/start/1', 'must be string'],
    [
      'a number for a language',
      { delays: [{ afterMs: 500, text: { en: 5 } }] },
      '/messages/delays/0/text/en',
      'must be string,array',
    ],
    [
      'languages within languages',
      { complete: { en: { gb: 'x' } } },
      '/messages/complete/en',
      'must be string,array',
    ],
    [
      'a line without end',
      { failure: ['x'.repeat(2001)] },
      '/messages/failure/0',
      'more than 2000 characters',
    ],
  ])('has a form, which %s is not', (_what, messages, pointer, message) => {
    const problems = new Validator(ToolDefinitionInput).problems({ ...toolInput(), messages });

    expect(problems).toEqual([
      expect.objectContaining({ pointer, message: expect.stringContaining(message) }),
    ]);
  });

  it('is refused in the words for an outcome, too', () => {
    expect(check({}, [{ when: '404', outcome: 'x', say: { de: '{{x | digits: 1}}' } }])).toEqual([
      expect.objectContaining({ pointer: '/response/outcomes/0/say/de' }),
    ]);
  });

  it('is accepted with everything there is', () => {
    const messages: Messages = {
      speakNaturally: false,
      start: ['Looking up {{order_id}} for {{contact.first_name}}', '{{status | default: "One moment"}}'],
      delays: [
        { afterMs: 2000, text: { en: 'Still at it, {{tier}}, {{case_id}}', de: ['Moment noch', 'Gleich'] } },
        { afterMs: 5000, text: 'Nearly there' },
      ],
      complete: {
        'en-GB': '{{total | money: "GBP"}} by {{eta | date}}, {{eta | time}}',
        default: '{{anything[0].at.all}}',
      },
      failure: 'Sorry',
    };

    expect(
      check(messages, [{ when: '404', outcome: 'x', say: ['{{phone | digits}}', '{{n | number: 2}}'] }]),
    ).toEqual([]);
  });
});
