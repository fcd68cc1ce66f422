const REPLACEMENT = '‹redacted›';
/** Shorter values occur by chance in any text; whoever uses such a secret has none. */
const SHORTEST = 4;

/** Takes known secret values out of text, in every form in which a server is likely to echo them. */
export class Scrubber {
  private forms: readonly string[];

  /** @param secrets the values in clear */
  constructor(secrets: readonly string[]) {
    const known = secrets.filter((secret) => secret.length >= SHORTEST);
    const forms = new Set(known.flatMap(sentForms).flatMap(encodedForms));
    this.forms = longestFirst([...forms].filter((form) => form.length >= SHORTEST));
  }

  /** Takes out what either does. */
  and(other: Scrubber): Scrubber {
    const both = new Scrubber([]);
    both.forms = longestFirst([...this.forms, ...other.forms]);
    return both;
  }

  /** The text with every secret replaced. Returns the same string when there is none in it. */
  scrub(text: string): string {
    let clean = text;
    for (const form of this.forms) {
      if (clean.includes(form)) clean = clean.replaceAll(form, REPLACEMENT);
    }
    return clean;
  }

  /**
   * The same for text that may hide a secret behind escapes of JSON (`\\u0073k_live`, `a\\/b`) or XML (`&#115;k_live`), also in
   * several layers. Such text comes back with those escapes resolved, so it is for people to read, not to be parsed.
   */
  scrubEscaped(text: string): string {
    let shown = this.scrub(text);
    let resolved = shown;
    for (let depth = 0; depth < DEEPEST; depth += 1) {
      const next = withoutEscapes(resolved);
      if (next === resolved) break;
      resolved = next;
      const scrubbed = this.scrub(resolved);
      if (scrubbed !== resolved) shown = resolved = scrubbed;
    }
    return shown;
  }

  /** The JSON value with every string in it scrubbed, keys included: an escaped echo is plain only after parsing. */
  scrubValue(value: unknown): unknown {
    if (typeof value === 'string') return this.scrubEscaped(value);
    if (Array.isArray(value)) return value.map((item) => this.scrubValue(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.scrubEscaped(key), this.scrubValue(item)]),
    );
  }
}

/** JSON within JSON, and so on: echoes of echoes. */
const DEEPEST = 4;

/** The text with one layer of escapes resolved. */
function withoutEscapes(text: string): string {
  if (!text.includes('\\') && !text.includes('&')) return text;
  return text
    .replace(/\\u([0-9a-fA-F]{4})|&#x0*([0-9a-fA-F]{1,4});/g, (_, json?: string, xml?: string) =>
      String.fromCharCode(parseInt(json ?? xml ?? '', 16)),
    )
    .replace(/&#0*(\d{1,5});/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/&(lt|gt|quot|apos|amp);/g, (_, name: keyof typeof entities) => entities[name])
    .replace(/\\(["\\/])/g, '$1');
}

const entities = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** An encoded form may contain a shorter one. */
function longestFirst(forms: string[]): string[] {
  return forms.sort((a, b) => b.length - a.length);
}

/** As a request may have carried it: a server that echoes what it received encodes that once more. */
function sentForms(secret: string): string[] {
  return [...new Set([secret, jsonForm(secret), inQuery(secret), formEncoded(secret)])];
}

function encodedForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  return [
    secret,
    jsonForm(secret),
    ...markupForms(secret),
    ...[encodeURIComponent(secret), inQuery(secret), strictlyEncoded(secret)].flatMap((form) => [
      form,
      form.replace(/%../g, (escape) => escape.toLowerCase()),
    ]),
    formEncoded(secret),
    hex,
    hex.toUpperCase(),
    ...base64Forms(bytes),
  ];
}

function jsonForm(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** As URLs write it themselves: with `'` escaped, too. */
function inQuery(text: string): string {
  return encodeURIComponent(text).replaceAll("'", '%27');
}

/** By RFC 3986, which keeps fewer characters than JavaScript. */
function strictlyEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A space becomes `+`, and `!'()~` are escaped too. */
function formEncoded(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice('x='.length);
}

/** As XML and HTML write it in text, and in attributes. */
function markupForms(secret: string): string[] {
  const text = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = text.replaceAll('"', '&quot;');
  return [text, quoted, quoted.replaceAll("'", '&apos;'), quoted.replaceAll("'", '&#39;')];
}

/**
 * Base64 of the secret wherever it stands in a longer text: at each of three offsets, the characters that depend on
 * the secret alone. In standard and URL-safe alphabet.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms: string[] = [];
  for (const offset of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    const whole = shifted.toString('base64').replace(/=+$/, '');
    const firstOwn = Math.ceil((offset * 8) / 6);
    const lastOwn = Math.floor((shifted.length * 8) / 6);
    const own = whole.slice(firstOwn, lastOwn);
    forms.push(own, own.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}
