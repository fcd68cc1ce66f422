const FRAMING = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
];
const OTHERS = [
  'expect',
  'proxy-connection',
  'forwarded',
  'via',
  'traceparent',
  'tracestate',
  'baggage',
  'http2-settings',
];
const RESERVED = new Set([...FRAMING, ...OTHERS, 'accept-encoding']);
const RESERVED_PREFIXES = ['proxy-', 'x-forwarded-', 'sec-'];

/** The three headers that tie a request to its call; the prefix is the operator's. */
export function correlationHeaderNames(prefix: string) {
  return { callId: `X-${prefix}-Call-ID`, orgId: `X-${prefix}-Org-ID`, toolKey: `X-${prefix}-Tool-Key` };
}

const CORRELATION = /^x-.+-(call-id|org-id|tool-key)$/;

/**
 * Why a tool may not set this header, undefined when it may: framing and hop-by-hop headers (RFC 9110, 7.6.1) belong to
 * the connection, forwarding, trace and correlation headers to Patchbay.
 */
export function reservedHeader(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (RESERVED.has(lower) || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    return `\`${name}\` is set by Patchbay or the connection and cannot be set by a tool`;
  }
  if (CORRELATION.test(lower))
    return `\`${name}\` has the form of a correlation header, which only Patchbay sets`;
  return undefined;
}
