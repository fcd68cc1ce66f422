import { propagation, type Attributes, type Context } from '@opentelemetry/api';
import { CALL_ID, ORG_ID, TOOL_KEY } from './attributes.js';

/** What every span of one execution is tagged with. */
export interface CallTags {
  readonly orgId: string;
  readonly toolKey: string;
  readonly callId?: string | undefined;
}

/** The tags as span attributes. */
export function callAttributes(tags: CallTags): Attributes {
  return { [ORG_ID]: tags.orgId, [TOOL_KEY]: tags.toolKey, ...(tags.callId && { [CALL_ID]: tags.callId }) };
}

/**
 * Puts the tags into baggage, so that the services asked on behalf of a call can tag their spans too. Baggage of
 * the caller's own goes no further: only these three travel. They name things for traces; nothing is decided by them.
 */
export function withCallBaggage(parent: Context, tags: CallTags): Context {
  const entries = Object.entries(callAttributes(tags)).map(([name, value]) => [
    name,
    { value: String(value) },
  ]);
  return propagation.setBaggage(
    parent,
    propagation.createBaggage(Object.fromEntries(entries) as Record<string, { value: string }>),
  );
}

/** The tags a request's baggage brought, as span attributes. */
export function attributesFromBaggage(parent: Context): Attributes {
  const baggage = propagation.getBaggage(parent);
  if (!baggage) return {};
  const attributes: Attributes = {};
  for (const name of [CALL_ID, ORG_ID, TOOL_KEY]) {
    const value = baggage.getEntry(name)?.value;
    if (value) attributes[name] = value;
  }
  return attributes;
}
