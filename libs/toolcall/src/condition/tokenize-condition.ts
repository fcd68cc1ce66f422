/** A piece of a condition, and where it stands: the first character is 1. */
export interface Token {
  readonly kind: 'path' | 'text' | 'number' | 'word' | 'operator' | 'parenthesis' | 'end';
  /** As written, except for text: that is without its quotes. Words are in upper case. */
  readonly text: string;
  readonly at: number;
}

export class ConditionError extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

const WORDS = new Set(['AND', 'OR', 'NOT', 'EXISTS', 'CONTAINS', 'TRUE', 'FALSE', 'NULL']);

const SPACE = /\s+/y;
const PIECES: readonly (readonly [Token['kind'], RegExp])[] = [
  ['operator', /==|!=|<=|>=|<|>/y],
  ['parenthesis', /[()]/y],
  ['number', /-?\d+(?:\.\d+)?(?![\w.])/y],
  ['text', /"[^"\\]*(?:\\["\\][^"\\]*)*"|'[^'\\]*(?:\\['\\][^'\\]*)*'/y],
  // `{{path}}` is how templates write it; both are taken.
  [
    'path',
    /\{\{\s*[^{}\s]+\s*\}\}|[A-Za-z_$][\w$-]*(?:\.[A-Za-z_$][\w$-]*|\[\d{1,6}\]|\["[^"\\\]]{1,128}"\]|\['[^'\\\]]{1,128}'\])*/y,
  ],
];

/** Cuts a condition into pieces. @throws ConditionError for what is none of them */
export function tokenizeCondition(source: string): Token[] {
  const tokens: Token[] = [];
  let index = skipSpace(source, 0);
  while (index < source.length) {
    const token = pieceAt(source, index);
    tokens.push(token.token);
    index = skipSpace(source, token.end);
  }
  return [...tokens, { kind: 'end', text: '', at: source.length + 1 }];
}

function skipSpace(source: string, index: number): number {
  SPACE.lastIndex = index;
  return SPACE.test(source) ? SPACE.lastIndex : index;
}

function pieceAt(source: string, index: number): { token: Token; end: number } {
  const at = index + 1;
  for (const [kind, pattern] of PIECES) {
    pattern.lastIndex = index;
    const text = pattern.exec(source)?.[0];
    if (text === undefined) continue;
    return { token: tokenOf(kind, text, at), end: index + text.length };
  }
  const found = source.charAt(index);
  if (found === '"' || found === "'") throw new ConditionError('a text without its closing quote', at);
  if (found === '=') throw new ConditionError('`=`; equality is written `==`', at);
  if (found === '&' || found === '|') throw new ConditionError(`\`${found}\`; write AND, OR`, at);
  if (found === '!') throw new ConditionError('`!`; write NOT, or `!=`', at);
  throw new ConditionError(`\`${found}\``, at);
}

function tokenOf(kind: Token['kind'], text: string, at: number): Token {
  if (kind === 'text') return { kind, text: text.slice(1, -1).replace(/\\(.)/g, '$1'), at };
  if (kind !== 'path') return { kind, text, at };
  if (text.startsWith('{{')) return { kind, text: text.slice(2, -2).trim(), at };
  const word = text.toUpperCase();
  return WORDS.has(word) ? { kind: 'word', text: word, at } : { kind, text, at };
}
