import { renderTool } from '#testing/rendered-tool';
import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { parseTemplate } from './parse-template.js';
import { parseXmlTemplate } from './xml-template.js';

function problemOf(text: string): string | undefined {
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new Error(parsed.message);
  const xml = parseXmlTemplate(parsed.parts);
  return xml.ok ? undefined : xml.message;
}

/** Elements, attributes and text as a parser reads them. */
function read(xml: string): unknown[] {
  const events: unknown[] = [];
  const parser = new SaxesParser();
  let text = '';
  const flush = () => {
    if (text !== '') events.push(text);
    text = '';
  };
  parser.on('text', (piece) => (text += piece));
  parser.on('cdata', (piece) => (text += piece));
  parser.on('opentag', ({ name, attributes }) => {
    flush();
    events.push({ name, attributes: { ...attributes } });
  });
  parser.on('closetag', ({ name }) => {
    flush();
    events.push(`/${name}`);
  });
  parser.write(xml).close();
  return events;
}

describe('an XML template', () => {
  it.each([
    ['<a>{{x}}</a>'],
    ['<?xml version="1.0" encoding="UTF-8"?>\n<a b="{{x}}" c=\'v {{y}}\'>t {{x}}<b/>&amp;&#10;</a>\n'],
    ['<a><![CDATA[{{x}}]]></a>'],
    ['<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{{x}}</s:Body></s:Envelope>'],
    ['<!-- note --><a/>'],
  ])('may be %s', (text) => {
    expect(problemOf(text)).toBeUndefined();
  });

  it.each([
    ['a tag', '<{{x}}>1</{{x}}>', 'quoted values'],
    ['part of a tag', '<a{{x}}>1</a>', 'quoted values'],
    ['an attribute', '<a {{x}}="1"/>', 'quoted values'],
    ['an unquoted value', '<a b={{x}}/>', 'quoted values'],
    ['a comment', '<a><!-- {{x}} --></a>', 'a comment'],
    ['a processing instruction', '<a><?p {{x}}?></a>', 'a processing instruction'],
    ['a DOCTYPE', '<!DOCTYPE a [<!ENTITY e "{{x}}">]><a>&e;</a>', 'DOCTYPE'],
    ['no element', '{{x}}', 'well-formed'],
    ['text after the element', '<a/>{{x}}', 'well-formed'],
  ])('with a placeholder as %s is refused', (_what, text, message) => {
    expect(problemOf(text)).toContain(message);
  });

  it.each([
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a>&nbsp;</a>',
    '<a>&</a>',
    '<a b="1" b="2"/>',
    'text',
    '',
    '<a>\u0001</a>',
  ])('that is not well-formed is refused: %j', (text) => {
    expect(problemOf(text)).toContain('well-formed');
  });

  const definition = toolDefinition({
    parameters: strings('x', 'y'),
    request: {
      method: 'POST',
      body: {
        type: 'xml',
        template: '<a b="{{x}}" c=\'<{{y}}\'>{{x}}<d>{{y}}</d><![CDATA[]{{x}}{{y}}>]]></a>'.replace(
          "'<",
          "'&lt;",
        ),
      },
    },
  });

  it('has the elements and attributes of its tool, and its values read back as given, whatever they are', () => {
    const text = fc.oneof(
      fc.constantFrom(
        ']]>',
        '</a>',
        '<!--',
        '-->',
        '"',
        "'",
        '&amp;',
        '&',
        '\r\n',
        '\t',
        '<![CDATA[',
        ']',
        '>',
        ']>',
      ),
      fc
        .string({ unit: 'grapheme' })
        .filter((one) => !/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(one)),
    );

    fc.assert(
      fc.property(text, text, (x, y) => {
        const { body } = renderTool(definition, { x, y });
        if (body?.type !== 'xml') throw new Error('no XML');
        const cdata = `]${x}${y}>`;
        expect(read(body.text)).toEqual(
          [
            { name: 'a', attributes: { b: x, c: `<${y}` } },
            x,
            { name: 'd', attributes: {} },
            y,
            '/d',
            cdata,
            '/a',
          ].filter((event) => event !== ''),
        );
      }),
      { numRuns: 1000 },
    );
  });
});
