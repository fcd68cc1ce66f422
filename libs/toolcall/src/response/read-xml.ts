import { SaxesParser } from 'saxes';

export type ReadXml = { readonly ok: true; readonly value: unknown } | { readonly ok: false };

const DEEPEST = 64;
/** Objects of thousands of different names cost far more than lists as long, to make and to read. */
const MOST = { elements: 20_000, attributes: 500, names: 2000 };

interface Element {
  readonly name: string;
  /** Attributes and children, once there are any. */
  fields: Record<string, unknown> | undefined;
  names: number;
  text: string;
}

/**
 * An XML document as plain values: an element is the text in it, or an object of its children by name, with attributes as
 * `@name` and text among children as `#text`; one that is repeated is a list. Namespaces are left out. Values are text:
 * XML knows no types. Entities a document declares are not expanded: it is then not readable, nor if it is not well
 * formed, or has more than 64 levels, 20,000 elements, 500 attributes or 2000 different names in one element.
 */
export function readXml(text: string): ReadXml {
  const parser = new SaxesParser({ position: false });
  const root: Element = { name: '', fields: undefined, names: 0, text: '' };
  const open: Element[] = [root];
  let elements = 0;
  let attributes = 0;
  const addText = (more: string) => {
    const element = open.at(-1);
    if (element) element.text += more;
  };
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('attribute', () => {
    attributes += 1;
    if (attributes > MOST.attributes) throw new Error('too large');
  });
  parser.on('opentag', (tag) => {
    elements += 1;
    attributes = 0;
    if (open.length > DEEPEST || elements > MOST.elements) throw new Error('too large');
    const element: Element = { name: localName(tag.name), fields: undefined, names: 0, text: '' };
    for (const [attribute, value] of Object.entries(tag.attributes)) {
      if (attribute === 'xmlns' || attribute.startsWith('xmlns:')) continue;
      addField(element, `@${localName(attribute)}`, value);
    }
    open.push(element);
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const element = open.pop();
    const parent = open.at(-1);
    if (element && parent) addField(parent, element.name, valueOf(element));
  });
  try {
    parser.write(text).close();
    return { ok: true, value: root.fields ?? {} };
  } catch {
    return { ok: false };
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function addField(element: Element, name: string, value: unknown): void {
  if (name === '__proto__') return;
  const fields = (element.fields ??= {});
  if (!Object.hasOwn(fields, name)) {
    element.names += 1;
    if (element.names > MOST.names) throw new Error('too large');
    fields[name] = value;
    return;
  }
  const earlier = fields[name];
  if (Array.isArray(earlier)) earlier.push(value);
  else fields[name] = [earlier, value];
}

function valueOf({ fields, text }: Element): unknown {
  const trimmed = text.trim();
  if (!fields) return trimmed;
  if (trimmed !== '') fields['#text'] = trimmed;
  return fields;
}
