import { SaxesParser } from 'saxes';
import type { Reference, TemplateParts } from './parse-template.js';
import type { TextPosition } from './render-template.js';

export type ParsedXml =
  | { readonly ok: true; readonly positions: ReadonlyMap<Reference, TextPosition> }
  | { readonly ok: false; readonly message: string };

/** What XML 1.0 has no way to write, not even escaped. */
const UNWRITABLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const refuse: TextPosition['refuse'] = (text) =>
  UNWRITABLE.test(text) ? 'has a control character, which XML cannot carry' : undefined;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // Parsers turn these into blanks or line feeds unless they are written as references.
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};
const entityOf = (character: string) => entities[character] ?? '';
const escapeText = (text: string) => text.replace(/[&<>\r]/g, entityOf);
const escapeAttribute = (text: string) => text.replace(/[&<>"'\t\n\r]/g, entityOf);

const inText: TextPosition = { escape: escapeText, refuse };
const inAttribute: TextPosition = { escape: escapeAttribute, refuse };
/** Outside of the section rather than in it: what surrounds a value can then not make a `]]>` with it. */
const inCdata: TextPosition = { escape: (text) => `]]>${escapeText(text)}<![CDATA[`, refuse };

/** Stands for a placeholder while the document is read: XML may have it, but in no name. */
const HOLE = '\ue000';

class NotAllowed extends Error {}

/**
 * Reads an XML template: a well-formed document, with placeholders in text, in attribute values and in CDATA only, so
 * that whatever they stand for, the elements and attributes are the template's.
 */
export function parseXmlTemplate(parts: TemplateParts): ParsedXml {
  if (parts.some((part) => typeof part === 'string' && part.includes(HOLE)))
    return { ok: false, message: 'cannot have the private character U+E000' };
  const references = parts.filter((part): part is Reference => typeof part === 'object');
  const positions = new Map<Reference, TextPosition>();
  /** The placeholders come in order, as do the pieces. */
  const fill = (piece: string, position: TextPosition) => {
    for (const character of piece) {
      const reference = character === HOLE ? references[positions.size] : undefined;
      if (reference) positions.set(reference, position);
    }
  };
  const keepOut = (what: string) => (piece: string) => {
    if (piece.includes(HOLE)) throw new NotAllowed(`has a placeholder in ${what}; move it into an element`);
  };

  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw new NotAllowed(
      `must be well-formed XML, with placeholders in text and in quoted values: ${reasonOf(error)}`,
    );
  });
  parser.on('text', (text) => fill(text, inText));
  parser.on('cdata', (text) => fill(text, inCdata));
  parser.on('attribute', ({ value }) => fill(value, inAttribute));
  parser.on('comment', keepOut('a comment'));
  parser.on('processinginstruction', ({ body }) => keepOut('a processing instruction')(body));
  parser.on('doctype', () => {
    throw new NotAllowed('cannot have a DOCTYPE');
  });
  try {
    parser.write(parts.map((part) => (typeof part === 'string' ? part : HOLE)).join('')).close();
  } catch (error) {
    if (error instanceof NotAllowed) return { ok: false, message: error.message };
    throw error;
  }
  return { ok: true, positions };
}

function reasonOf({ message }: Error): string {
  return message.replaceAll(HOLE, '{{…}}');
}
