/** Every name of a span attribute or baggage entry of ours, so that none is spelled twice. */
export const CALL_ID = 'patchbay.call.id';
export const ORG_ID = 'patchbay.org.id';
export const TOOL_KEY = 'patchbay.tool.key';
export const EXECUTION_ID = 'patchbay.execution.id';
export const STATUS = 'patchbay.execution.status';
export const OUTCOME = 'patchbay.execution.outcome';
export const ERROR_CODE = 'patchbay.error.code';
/** Why an attempt got no answer, for operators: may name addresses. */
export const EGRESS_DETAIL = 'patchbay.egress.detail';
