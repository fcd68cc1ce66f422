import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { propagation, type Context, type TextMapGetter, type TextMapSetter } from '@opentelemetry/api';

/** How many milliseconds whoever asked will still wait; relative, so that no clocks are compared. */
export const DEADLINE_HEADER = 'Patchbay-Deadline-Ms';
export const ERROR_CODE_HEADER = 'Nats-Service-Error-Code';
export const ERROR_HEADER = 'Nats-Service-Error';

const getter: TextMapGetter<MsgHdrs> = {
  keys: (carrier) => carrier.keys(),
  get: (carrier, key) => {
    // Baggage may come in several headers, which together are one list (W3C Baggage, 3.1).
    const value = key === 'baggage' ? carrier.values(key).join(',') : carrier.get(key);
    return value || undefined; // NATS answers '' for an absent header
  },
};

const setter: TextMapSetter<MsgHdrs> = {
  set: (carrier, key, value) => carrier.set(key, value),
};

/** The parent's context with what the headers say of trace and baggage. */
export function extractContext(parent: Context, carrier: MsgHdrs | undefined): Context {
  return carrier ? propagation.extract(parent, carrier, getter) : parent;
}

/** Headers of a request: the context's trace and baggage, and the time left. */
export function requestHeaders(from: Context, deadlineMs: number): MsgHdrs {
  const carrier = headers();
  propagation.inject(from, carrier, setter);
  carrier.set(DEADLINE_HEADER, String(Math.max(0, Math.floor(deadlineMs))));
  return carrier;
}

/** What stands in one header line: NATS refuses line breaks, and nobody needs a long one. */
export function headerText(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\uffff]+/g, ' ').slice(0, 256);
}
