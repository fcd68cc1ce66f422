import type { FrugalSpan } from '#telemetry/frugal-span';
import type { Deadline } from './deadline.js';

/** What a handler may know of a request besides its content. */
export interface RpcContext {
  /** Of a public subject: the organization it was addressed to. Empty on internal subjects. */
  readonly orgId: string;
  /** When whoever asked stops waiting. */
  readonly deadline: Deadline;
  /** The span of this request; business code may tag it and ask for it to be kept. */
  readonly span: FrugalSpan;
}
