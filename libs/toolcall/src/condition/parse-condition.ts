import { parsePath, type ValuePath } from '../value-path.js';
import { ConditionError, tokenizeCondition, type Token } from './tokenize-condition.js';

export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'contains';

/** What a condition looks at, or a constant. */
export type Operand =
  | { readonly kind: 'status' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'body'; readonly path: ValuePath }
  | { readonly kind: 'constant'; readonly value: string | number | boolean | null };

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Condition[] }
  | { readonly kind: 'not'; readonly term: Condition }
  | { readonly kind: 'exists'; readonly operand: Operand }
  | {
      readonly kind: 'compare';
      readonly operator: Operator;
      readonly left: Operand;
      readonly right: Operand;
    };

export type ParsedCondition =
  | { readonly ok: true; readonly condition: Condition }
  /** `at`: the character that cannot stay, from 1. */
  | { readonly ok: false; readonly message: string; readonly at: number };

const LONGEST = 500;
const DEEPEST = 16;

/**
 * Reads a condition on an answer: comparisons (`==`, `!=`, `<`, `<=`, `>`, `>=`, `contains`) and `exists`, joined by `AND`,
 * `OR`, `NOT` and parentheses. `status`, `headers.x` and `body.…` are what was answered; any other name is a path into the
 * body; constants are `"text"`, numbers, `true`, `false`, `null`.
 */
export function parseCondition(source: string): ParsedCondition {
  if (source.length > LONGEST) {
    return { ok: false, message: `is longer than ${LONGEST} characters`, at: LONGEST + 1 };
  }
  try {
    return { ok: true, condition: new Reader(tokenizeCondition(source)).whole() };
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    return { ok: false, message: `cannot be read at character ${error.at}: ${error.message}`, at: error.at };
  }
}

class Reader {
  private index = 0;
  private depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  whole(): Condition {
    const condition = this.any();
    if (this.next.kind !== 'end') throw this.unexpected('AND, OR or the end');
    return condition;
  }

  private any(): Condition {
    return this.joined('or', 'OR', () => this.joined('and', 'AND', () => this.one()));
  }

  private joined(kind: 'and' | 'or', word: string, read: () => Condition): Condition {
    const first = read();
    const terms = [first];
    while (this.takes('word', word)) terms.push(read());
    return terms.length === 1 ? first : { kind, terms };
  }

  private one(): Condition {
    this.depth += 1;
    if (this.depth > DEEPEST) throw new ConditionError('it is nested too deeply', this.next.at);
    const condition = this.negated() ?? this.grouped() ?? this.comparison();
    this.depth -= 1;
    return condition;
  }

  private negated(): Condition | undefined {
    return this.takes('word', 'NOT') ? { kind: 'not', term: this.one() } : undefined;
  }

  private grouped(): Condition | undefined {
    if (!this.takes('parenthesis', '(')) return undefined;
    const condition = this.any();
    if (!this.takes('parenthesis', ')')) throw this.unexpected('`)`');
    return condition;
  }

  /** `a.b == 1`, `a.b exists`, and `exists a.b` or `exists(a.b)` as others write it. */
  private comparison(): Condition {
    if (this.takes('word', 'EXISTS')) {
      const isWrapped = this.takes('parenthesis', '(');
      const condition = existence(this.operand(), this.next.at);
      if (isWrapped && !this.takes('parenthesis', ')')) throw this.unexpected('`)`');
      return condition;
    }
    const { at } = this.next;
    const left = this.operand();
    if (this.takes('word', 'EXISTS')) return existence(left, at);
    const operator = this.operator();
    const right = this.operand();
    assertComparable(left, operator, right, at);
    return { kind: 'compare', operator, left, right };
  }

  private operator(): Operator {
    const { kind, text } = this.next;
    if (kind === 'operator') {
      this.index += 1;
      return text as Operator;
    }
    if (this.takes('word', 'CONTAINS')) return 'contains';
    throw this.unexpected('a comparison: ==, !=, <, <=, >, >=, contains, exists');
  }

  private operand(): Operand {
    const token = this.next;
    const operand = operandOf(token);
    if (!operand) throw this.unexpected('a path, a text in quotes, a number, true, false or null');
    this.index += 1;
    return operand;
  }

  private takes(kind: Token['kind'], text: string): boolean {
    const isIt = this.next.kind === kind && this.next.text === text;
    if (isIt) this.index += 1;
    return isIt;
  }

  private get next(): Token {
    return this.tokens[this.index] as Token; // the last one is the end, which nothing takes
  }

  private unexpected(wanted: string): ConditionError {
    const { kind, text, at } = this.next;
    return new ConditionError(
      `${kind === 'end' ? 'it ends' : `\`${text}\` stands`} where ${wanted} should`,
      at,
    );
  }
}

function operandOf({ kind, text, at }: Token): Operand | undefined {
  switch (kind) {
    case 'text':
      return { kind: 'constant', value: text };
    case 'number':
      return { kind: 'constant', value: Number(text) };
    case 'word':
      if (text === 'TRUE' || text === 'FALSE') return { kind: 'constant', value: text === 'TRUE' };
      return text === 'NULL' ? { kind: 'constant', value: null } : undefined;
    case 'path':
      return pathOperand(text, at);
    default:
      return undefined;
  }
}

function pathOperand(text: string, at: number): Operand {
  if (text === 'status' || text === 'api_response_status') return { kind: 'status' };
  const parsed = parsePath(text);
  if (!parsed.ok) throw new ConditionError(`the path \`${text}\` ${parsed.message}`, at);
  const [head, ...rest] = parsed.path;
  if (head === 'headers') {
    const [name] = rest;
    if (rest.length !== 1 || typeof name !== 'string') {
      throw new ConditionError('a header is named like `headers.retry-after`', at);
    }
    return { kind: 'header', name: name.toLowerCase() };
  }
  return { kind: 'body', path: head === 'body' ? rest : parsed.path };
}

function existence(operand: Operand, at: number): Condition {
  if (operand.kind === 'constant') throw new ConditionError('a constant always exists; name a path', at);
  return { kind: 'exists', operand };
}

/** Comparisons that can come out one way only are slips. */
function assertComparable(left: Operand, operator: Operator, right: Operand, at: number): void {
  if (left.kind === 'constant' && right.kind === 'constant') {
    throw new ConditionError('it compares two constants; one side must be a path', at);
  }
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (one.kind !== 'status' || other.kind !== 'constant' || typeof other.value === 'number') continue;
    throw new ConditionError(
      '`status` is the HTTP status, a number; a field of that name is `body.status`',
      at,
    );
  }
  if (operator === 'contains' && left.kind === 'constant') {
    throw new ConditionError('`contains` looks into its left side, which must be a path', at);
  }
}
