import { forbiddenHeader } from '#egress/header-rules';

/** The three headers that tie a request to its call; the prefix is the operator's. */
export function correlationHeaderNames(prefix: string) {
  return { callId: `X-${prefix}-Call-ID`, orgId: `X-${prefix}-Org-ID`, toolKey: `X-${prefix}-Tool-Key` };
}

const CORRELATION = /^x-.+-(call-id|org-id|tool-key)$/;

/**
 * Why neither a tool nor a credential may set this header, undefined when it may: what the way out forbids to everybody,
 * what it sets itself, and whatever has the form of a correlation header under any prefix.
 */
export function reservedHeader(name: string): string | undefined {
  const forbidden = forbiddenHeader(name);
  if (forbidden) return `\`${name}\` ${forbidden}`;
  const lower = name.toLowerCase();
  if (lower === 'accept-encoding') return `\`${name}\` is set by Patchbay, which has to decode the answer`;
  if (CORRELATION.test(lower))
    return `\`${name}\` has the form of a correlation header, which only Patchbay sets`;
  return undefined;
}
