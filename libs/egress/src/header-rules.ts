const token = /^[a-z0-9!#$%&'*+.^_`|~-]+$/i;
const printable = /^[\t\x20-\x7e]*$/;

const framing = 'frames the message; the HTTP client sets it';
const hopByHop = 'belongs to one connection, not to the request';
const forwarding = 'says who forwarded the request, which only a proxy may';
const trace = 'carries trace context, which does not leave';

const forbidden: ReadonlyMap<string, string> = new Map([
  ...['host', 'content-length', 'transfer-encoding', 'expect'].map((name) => [name, framing] as const),
  ...['connection', 'keep-alive', 'te', 'trailer', 'upgrade', 'http2-settings', 'alt-used'].map(
    (name) => [name, hopByHop] as const,
  ),
  ...['forwarded', 'via', 'x-real-ip', 'true-client-ip', 'cf-connecting-ip'].map(
    (name) => [name, forwarding] as const,
  ),
  ...[
    'traceparent',
    'tracestate',
    'baggage',
    'b3',
    'uber-trace-id',
    'x-amzn-trace-id',
    'x-cloud-trace-context',
  ].map((name) => [name, trace] as const),
]);

const forbiddenPrefixes: readonly (readonly [prefix: string, why: string])[] = [
  ['proxy-', hopByHop],
  ['x-forwarded-', forwarding],
  ['x-b3-', trace],
];

/** Names found fit, as written: judging one costs more than remembering it. */
const fit = new Set<string>();
const MOST_REMEMBERED = 1000;

/**
 * Why a request may not carry a header of this name, whoever asks for it; undefined when it may. The reason continues
 * the sentence "the header `te` …". The correlation headers are not among them: their prefix is configuration, and
 * whoever sets them reserves them.
 */
export function forbiddenHeader(name: string): string | undefined {
  if (fit.has(name)) return undefined;
  const why = judge(name);
  if (why === undefined && fit.size < MOST_REMEMBERED) fit.add(name);
  return why;
}

function judge(name: string): string | undefined {
  if (!token.test(name)) return 'is not a valid header name';
  const lower = name.toLowerCase();
  return forbidden.get(lower) ?? forbiddenPrefixes.find(([prefix]) => lower.startsWith(prefix))?.[1];
}

/** Longest header value in characters that a tenant may set; a credential's may be longer. */
export const LONGEST_HEADER_VALUE = 4096;

/** Whether a header may have this value: printable ASCII and tabs, no line break, at most `longest` characters. */
export function isHeaderValue(value: string, longest = LONGEST_HEADER_VALUE): boolean {
  return value.length <= longest && printable.test(value);
}
