import { Refusal } from './answer.js';
import {
  checkBody,
  flag,
  object,
  oneOf,
  optional,
  text,
  unprocessable,
  wholeNumber,
  type Check,
} from './check-body.js';

const mebibyte = 1_048_576;

/** One way to misbehave. `misbehave.ts` says what each part does and which goes before which. */
export interface Fault {
  /**
   * Whether the request is carried out, so that only its answer suffers. Unless said, it is when the fault works on
   * the real answer (`delayMs`, `headers`, `trickle`, `truncated`, `wrong_type`) and is not when it brings its own.
   */
  readonly takesEffect?: boolean;
  /** Wait this long before anything is said. */
  readonly delayMs?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `Retry-After`: seconds, or an HTTP date. */
  readonly retryAfter?: string | number;
  /** A JSON body to answer with. */
  readonly body?: unknown;
  readonly junk?: 'html' | 'truncated' | 'wrong_type' | 'empty';
  /** Never answer. */
  readonly hang?: boolean;
  /** End the connection with a TCP reset. */
  readonly reset?: 'before_response' | 'mid_response';
  /** Send the answer a few bytes at a time. */
  readonly trickle?: { readonly everyMs: number; readonly chunkBytes: number };
  /** Send a JSON text of this size. */
  readonly hugeBytes?: number;
  /** Compress the huge text, to about a thousandth: a gzip bomb. */
  readonly gzip?: boolean;
  /** Redirect to this address, with 302 unless `status` says otherwise. */
  readonly redirect?: string;
  /** Answer with the request's own method, URL, headers and body; the URL and `Authorization` in headers too. */
  readonly echo?: boolean;
}

/** Which requests a fault meets, and how many of them. */
export interface FaultRule {
  readonly method?: string;
  /** Compared from the left, segment by segment: `/orders` meets `/orders/1`; `:name` and `*` stand for one segment. */
  readonly path?: string;
  /** Forever when absent. */
  readonly times?: number;
  readonly fault: Fault;
}

/** The faults now in force, earliest first. */
export class Faults {
  private rules: (FaultRule & { left: number })[] = [];

  add(rule: FaultRule): void {
    this.rules.push({ ...rule, left: rule.times ?? Infinity });
  }

  /** The fault of the first rule that meets the request; it is used up by one. */
  take(method: string, path: string): Fault | undefined {
    const rule = this.rules.find(
      (one) => (one.method ?? method) === method && (one.path === undefined || meets(one.path, path)),
    );
    if (!rule) return undefined;
    rule.left -= 1;
    this.rules = this.rules.filter(({ left }) => left > 0);
    return rule.fault;
  }

  list(): FaultRule[] {
    return this.rules.map(({ left, ...rule }) => ({ ...rule, ...(left !== Infinity && { times: left }) }));
  }

  clear(): void {
    this.rules = [];
  }
}

function meets(pattern: string, path: string): boolean {
  const wanted = pattern.split('/').filter((segment) => segment !== '');
  const given = path.split('/').filter((segment) => segment !== '');
  return wanted.every(
    (segment, i) => given[i] !== undefined && (/^(:.+|\*)$/.test(segment) || segment === given[i]),
  );
}

/** @throws Refusal 422 when it is not a fault rule. */
export function parseFaultRule(value: unknown): FaultRule {
  const { method, path, times, fault } = checkBody(value, {
    method: optional(oneOf('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
    path: optional(text()),
    times: optional(wholeNumber(1, 1_000_000)),
    fault: object,
  });
  return { method, path, times, fault: parseFault(fault, '/fault') };
}

/** @throws Refusal 422 when it is not a fault. */
export function parseFault(value: unknown, at = ''): Fault {
  const checks = {
    takesEffect: optional(flag),
    delayMs: optional(wholeNumber(0, 3_600_000)),
    status: optional(wholeNumber(200, 599)),
    headers: optional(headers),
    retryAfter: optional(text(100)),
    body: (body: unknown) => body,
    junk: optional(oneOf('html', 'truncated', 'wrong_type', 'empty')),
    hang: optional(flag),
    reset: optional(oneOf('before_response', 'mid_response')),
    trickle: optional(object),
    hugeBytes: optional(wholeNumber(100, 1024 * mebibyte)),
    gzip: optional(flag),
    redirect: optional(headerValue),
    echo: optional(flag),
  };
  const { trickle, ...fault } = checkBody(value, checks, at);
  const stray = Object.keys(object(value)).find((name) => !Object.hasOwn(checks, name));
  if (stray !== undefined) throw unprocessable([{ pointer: `${at}/${stray}`, detail: 'must not be there' }]);
  return trickle ? { ...fault, trickle: parseTrickle(trickle, `${at}/trickle`) } : fault;
}

function parseTrickle(value: unknown, at: string): NonNullable<Fault['trickle']> {
  const { everyMs, chunkBytes } = checkBody(
    value,
    { everyMs: wholeNumber(1, 600_000), chunkBytes: optional(wholeNumber(1, mebibyte)) },
    at,
  );
  return { everyMs, chunkBytes: chunkBytes ?? 1 };
}

const headers: Check<Record<string, string>> = (value) => {
  const entries = Object.entries(object(value));
  if (entries.some(([name]) => !/^[\w!#$%&'*+.^`|~-]+$/.test(name)))
    throw new Error('header names and values');
  return Object.fromEntries(entries.map(([name, one]) => [name, headerValue(one)]));
};

const headerValue: Check<string> = (value) => {
  if (typeof value !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    throw new Error('a header value');
  return value;
};

/** A fault for this request alone, in the request's own header `X-Sample-Fault`. @throws Refusal 422 */
export function faultInHeader(header: string | undefined): Fault | undefined {
  if (header === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(header);
  } catch {
    throw new Refusal(422, 'X-Sample-Fault is not JSON.');
  }
  return parseFault(value);
}
